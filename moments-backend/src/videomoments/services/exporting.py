"""Turns a video's rows into the recording that is exported, and its clips with their captions into one ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from videomoments.core.errors import InvalidInput, NotFound
from videomoments.core.times import Interval
from videomoments.db.tables import Video
from videomoments.exports import FORMATS, Notes, Recording
from videomoments.exports.naming import clip_name
from videomoments.exports.rates import named_rate, rate_of
from videomoments.exports.recording import ExportedMoment
from videomoments.services.moments import MomentView
from videomoments.services.transcripts import recognised_from, remarks_on
from videomoments.services.upload_queries import UPLOAD_SCHEME
from videomoments.services.wiring import Services
from videomoments.storage import ObjectStore

ZIP = "zip"
ZIP_TYPE = "application/zip"
# Larger entries get the 64-bit form, which the header must announce before the archive knows the size.
_LARGE = 2_000_000_000
_NOTES = "notes.txt"
_SUBTITLES = tuple(form.name for form in FORMATS.values() if form.of_clip)


@dataclass(frozen=True, slots=True)
class Written:
    """The text of an exported file, and sentences for users on what its format could not hold."""

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exportable:
    """The input of an export: the recording, and the object key and size of each delivered clip by its moment's identifier."""

    recording: Recording
    clips: dict[str, tuple[str, int]]
    transcribed: bool

    @property
    def _why(self) -> list[str]:
        """Returns why there is no kept moment, as sentences."""
        if self.recording.moments:
            return ["A person rejected them all."]
        return [self.recording.nothing] if self.recording.nothing is not None else []

    def write(self, format_name: str, *, moment_id: str | None = None) -> Written:
        """Returns the recording in that format, with what the format could not hold; with a moment, the subtitles of its clip.

        Raises:
            NotFound: no such moment, or no transcript for subtitles.
            InvalidInput: the format is not made for single clips.
        """
        form = FORMATS[format_name]
        if format_name in _SUBTITLES and not self.transcribed:
            raise NotFound(
                "This video has no transcript yet.", code="transcript_not_found", advice="Start a run: its fourth stage makes it."
            )
        notes = Notes()
        if moment_id is None:
            if format_name not in _SUBTITLES and not self.recording.not_rejected:
                notes.say(" ".join(["This recording has no kept moment.", *self._why]))
            text = form.write(self.recording, notes)
            return Written(text, tuple(notes))
        if not form.of_clip:
            raise InvalidInput(f"{format_name} is not made for a single moment.", advice="Ask for srt or vtt, or leave the moment out.")
        moment = next((moment for moment in self.recording.moments if moment.identifier == moment_id), None)
        if moment is None:
            raise NotFound("There is no such moment.", code="moment_not_found")
        text = form.write(self.recording.of_clip(moment), notes)
        return Written(text, tuple(notes))


async def exportable(
    services: Services, video_id: str, *, request_id: str | None = None, rate: str | None = None, with_path: bool = False
) -> Exportable:
    """Returns the video with the final moments of its newest completed run, or of `request_id`.

    `rate` replaces the measured frame rate (`NAMED_RATES`). `with_path` names a local source by its full path, for its owner on this
    machine; else only the file's name leaves the house.

    Raises:
        NotFound: no such video or run, or the video has not been downloaded yet (`not_measured`).
        InvalidInput: no such rate.
    """
    video = await services.videos.get(video_id)
    if video.duration is None:
        raise NotFound("This video has not been measured yet.", code="not_measured", advice="Start a run: its first stage does that.")
    views = await services.moments.of_video(video_id, request_id=request_id)
    recording = _recording(video, rate, with_path)
    nothing = None if views else await services.why_nothing.of_video(video_id, request_id=request_id)
    recording = replace(recording, moments=tuple(_moment(view) for view in views), nothing=nothing.message if nothing is not None else None)
    transcript = await services.transcripts.of_video(video_id)
    if transcript is not None:
        said = recognised_from(transcript)
        recording = replace(
            recording,
            words=said.words,
            segments=said.segments,
            language=said.language,
            transcript_engine=said.engine,
            transcript_remarks=tuple(remarks_on(said)),
            hearing=said.hearing,
        )
    clips = {view.moment.identifier: (view.clip.cloud_url, view.clip.size_bytes) for view in views if view.clip is not None}
    return Exportable(recording, clips, transcript is not None)


def _recording(video: Video, rate: str | None, with_path: bool) -> Recording:
    info: dict[str, Any] = video.media_info or {}
    picture: dict[str, Any] = info.get("video") or {}
    sound: dict[str, Any] = info.get("audio") or {}
    seen, heard = bool(picture.get("decodable")), bool(sound.get("decodable"))
    timecode = info.get("start_timecode")
    name = file_name(video)
    local = with_path and urlsplit(video.source_url).scheme == "file"
    return Recording(
        identifier=video.identifier,
        title=video.title,
        source=unquote(urlsplit(video.source_url).path) if local else name if _is_file(video) else video.source_url,
        media_url=video.source_url if local else quote(name),
        duration=float(video.duration or 0.0),
        rate=named_rate(rate) if rate else rate_of(picture.get("fps") if seen else None, timecode),
        start_timecode=timecode,
        first_picture=float(picture.get("start") or 0.0),
        varying_rate=seen and bool(picture.get("vfr")),
        measured_rate=picture.get("fps") if seen else None,
        width=picture.get("display_width"),
        height=picture.get("display_height"),
        has_video=seen,
        has_audio=heard,
        audio_rate=sound.get("sample_rate") or 48000,
        audio_channels=sound.get("channels") or 2,
    )


def file_name(video: Video) -> str:
    """Returns the name of the source's file on the machine of whoever gave it."""
    if video.source_url.startswith(UPLOAD_SCHEME):
        return video.source_url.removeprefix(UPLOAD_SCHEME)
    parts = urlsplit(video.source_url)
    return unquote(parts.path).rpartition("/")[2] or parts.hostname or "video"


def _is_file(video: Video) -> bool:
    return video.source_url.startswith(UPLOAD_SCHEME) or urlsplit(video.source_url).scheme == "file"


def _moment(view: MomentView) -> ExportedMoment:
    row = view.moment
    return ExportedMoment(
        identifier=row.identifier,
        title=row.title,
        start=row.start_time,
        end=row.end_time,
        score=row.score,
        reason=row.reason,
        engine=row.engine or None,
        review=row.review,
        clip=Interval(view.clip.start_time, view.clip.end_time) if view.clip is not None else None,
        clip_error=view.clip_error,
        confidence=row.confidence,
    )


async def clips_archive(found: Exportable, store: ObjectStore) -> AsyncIterator[bytes]:
    """Yields a ZIP of the kept moments' clips, each with its captions, and the tables; `notes.txt` where a format could not hold something.
    Holds only a piece of one clip in memory.

    Raises:
        NotFound: no kept moment has a clip (`clips_not_found`), before the first byte.
    """
    clips = [
        (clip_name(number, moment.title), moment, *found.clips[moment.identifier])
        for number, moment in enumerate(found.recording.not_rejected, 1)
        if moment.identifier in found.clips
    ]
    if not clips:
        why = found.recording.nothing
        raise NotFound(
            f"This video has no clips. {why}" if why else "This video has no clips yet.",
            code="clips_not_found",
            advice="" if why else "Start a run that cuts clips.",
        )
    return _archive(found, store, clips)


async def _archive(found: Exportable, store: ObjectStore, clips: Sequence[tuple[str, ExportedMoment, str, int]]) -> AsyncIterator[bytes]:
    written, notes = _Pieces(), Notes()
    # Deflated at level 0: some streaming readers refuse a stored entry whose checksum is not yet known.
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:
        for name, moment, key, size in clips:
            with archive.open(name + PurePosixPath(key).suffix, "w", force_zip64=size > _LARGE) as target:
                async for chunk in store.stream(key):
                    target.write(chunk)
                    yield written.taken()
            for form in (FORMATS[name] for name in _SUBTITLES) if found.transcribed else ():
                archive.writestr(name + form.extension, form.write(found.recording.of_clip(moment), notes))
        for form in (FORMATS["json"], FORMATS["csv"]):
            archive.writestr("moments" + form.extension, form.write(found.recording, notes))
        if said := "".join(f"{note}\n" for note in notes):
            archive.writestr(_NOTES, said)
        yield written.taken()
    yield written.taken()


class _Pieces(io.RawIOBase):
    """Buffers what the archive writes until `taken` is called. It can't seek, so the archive writes sizes after each entry."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held
