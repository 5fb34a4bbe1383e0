"""Stage 1 fetches the source, measures it, and stores it with a thumbnail. A file that can't be read is not stored."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from videomoments.core.errors import MomentsError, NotFound, SourceUnavailable
from videomoments.core.names import StageName
from videomoments.media.types import ContainerChapter, MediaInfo, Shot, ThumbnailRequest
from videomoments.pipeline.checkpoints import Checkpoint, StoredSource
from videomoments.pipeline.source_wait import SourceWait
from videomoments.pipeline.stage import Outcome, Stage, StageContext, log
from videomoments.services.upload_queries import UPLOAD_SCHEME
from videomoments.services.videos import SourceFile, StillImage, title_from
from videomoments.sources import FetchLimits, SiteDetails, fetch, inspect, title_of
from videomoments.storage.layout import content_type_of, safe_extension, source_key, thumbnail_key

# Shares of the stage's progress: fetched, measured, stored.
_SHOT_TRIES = 3
_FETCHED, _MEASURED = 0.6, 0.7
_EXTENSIONS = {
    "mov": ".mp4",
    "matroska": ".mkv",
    "mpegts": ".ts",
    "avi": ".avi",
    "flv": ".flv",
    "mp3": ".mp3",
    "wav": ".wav",
    "flac": ".flac",
    "mpeg": ".mpg",
    "asf": ".wmv",
    "aiff": ".aiff",
    "caf": ".caf",
    "amr": ".amr",
    "mxf": ".mxf",
    "dv": ".dv",
    "au": ".au",
    "ac3": ".ac3",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """The source as a local file. `name` is a label, `title` a better one than the URL gave, `details` what else its site says of it."""

    path: Path
    name: str
    title: str | None = None
    etag: str | None = None
    details: SiteDetails | None = None

    def info(self, sha256: str | None) -> dict[str, Any]:
        described = self.details.to_dict() if self.details else {}
        return {name: value for name, value in ({"sha256": sha256, "etag": self.etag} | described).items() if value is not None}


async def download(context: StageContext) -> Outcome:
    """Fetches, measures and stores the source. Raises what `sources` and `media.probe` raise; an error that can never pass is permanent."""
    video = await context.video()
    stored = video.cloud_url if video.cloud_url is not None and await _stored(context, video.cloud_url) else None
    again = context.options.refresh and urlsplit(video.source_url).scheme != UPLOAD_SCHEME.rstrip(":")
    if stored is not None and video.media_info is not None and not again:
        return await _stored_before(context, stored, "stored by an earlier run")
    if stored is not None and not again:
        # An upload: its bytes came before the run, and have not been measured yet.
        source = _Source(await context.source(), stored)
    else:
        source = await _fetch(context, video.source_url, reached=video.cloud_url is not None)
        if stored is not None and video.media_info is not None and await _unchanged(context, source):
            return await _stored_before(context, stored, "downloaded again: unchanged")
        stored = None
    info = await context.adapters.media.probe(source.path, audio_track=context.options.audio_track)
    info = with_chapters(replace(info, shots=await _shots(context, source.path, info)), source.details)
    context.report(_MEASURED)
    key, sha256 = (stored, None) if stored else await _store(context, source.path, _extension(source.name, info))
    still = await _thumbnail(context, source.path, info)
    picture = info.video if info.has_video else None
    file = SourceFile(
        cloud_url=key,
        size_bytes=source.path.stat().st_size,
        content_type=content_type_of(key),
        duration=info.duration,
        resolution=f"{picture.display_width}x{picture.display_height}" if picture else None,
        media_info=info.to_dict(),
        # A title that a user gave is not replaced.
        title=source.title if video.title == title_from(video.source_url) else None,
        source_info=source.info(sha256),
    )
    publication = context.services.videos.publish_source(context.claim, file, still)
    await context.publish(publication, key, *([still.cloud_url] if still else []))
    context.forget_video()
    return Outcome(StoredSource(cloud_url=key), _remark(info, source.details))


async def _stored_before(context: StageContext, stored: str, how: str) -> Outcome:
    """Uses the source that is stored, with another of its audio tracks where the run asks for one."""
    info, wanted = await context.media_info(), context.options.audio_track
    if wanted is None or wanted == info.audio_number:
        return Outcome(StoredSource(cloud_url=stored), "; ".join((how, *info.remarks)))
    measured = await context.adapters.media.probe(await context.source(), audio_track=wanted)
    other = info.with_audio_of(measured)
    changed = info.audio != other.audio
    await context.publish(context.services.videos.publish_audio_track(context.claim, other.to_dict(), changed=changed))
    context.forget_video()
    gone = ("clips with the sound of another track were removed",) if changed else ()
    return Outcome(StoredSource(cloud_url=stored), "; ".join((how, *other.remarks, *gone)))


# `MediaInfo.remarks` says these in words.
_TOLD = ("several_audio_streams", "video_undecodable", "audio_undecodable")


def _remark(info: MediaInfo, details: SiteDetails | None) -> str | None:
    warnings = [warning.replace("_", " ") for warning in info.warnings if warning not in _TOLD]
    remarks = [*info.remarks, *([f"warnings: {', '.join(warnings)}"] if warnings else [])]
    if details is not None and details.of > 1:
        remarks.append(f"the first of {details.of} videos behind that address")
    return "; ".join(remarks) or None


def with_chapters(info: MediaInfo, details: SiteDetails | None) -> MediaInfo:
    """Returns `info` with the file's own chapters, else those that its site lists, as far as they lie within the measured duration."""
    if info.chapters or details is None:
        return info
    marks = sorted((one.start, one.title) for one in details.chapters if one.title and one.start < info.duration)
    return replace(info, chapters=tuple(ContainerChapter(start, title) for start, title in marks))


async def _unchanged(context: StageContext, source: _Source) -> bool:
    """Returns whether these bytes are the stored ones, so that all that was made of them stays valid."""
    known = (await context.services.videos.source_info(context.claim.video_id)).get("sha256")
    return known is not None and known == await asyncio.to_thread(_sha256, source.path)


def _sha256(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


async def _shots(context: StageContext, path: Path, info: MediaInfo) -> tuple[Shot, ...]:
    """Finds scene changes from the keyframes. Returns none where that fails: moments need no shots. A child that was killed from outside
    says nothing about the file, so the call is repeated."""
    for left in reversed(range(_SHOT_TRIES)):
        try:
            found = await context.adapters.media.shots(
                path, info, on_progress=lambda done: context.report(_FETCHED + (_MEASURED - _FETCHED) * done)
            )
        except MomentsError as error:
            if error.code != "media_killed" or not left:
                log.warning("no shots: %s", error.message)
                return ()
        else:
            return tuple(found)
    raise AssertionError("the last try returns")


async def _store(context: StageContext, path: Path, extension: str) -> tuple[str, str | None]:
    """Returns the object's key, and the SHA-256 of what was stored."""
    claim = context.claim
    key = source_key(claim.video_id, claim.request_id, claim.attempt, extension)

    def stored(done: int, total: int) -> None:
        context.report(_MEASURED + (0.95 - _MEASURED) * done / max(total, 1))

    put = await context.put(key, path, content_type_of(key), stored)
    return key, put.sha256


async def _stored(context: StageContext, key: str) -> bool:
    try:
        await context.adapters.store.head(key)
    except NotFound:
        return False
    return True


async def _fetch(context: StageContext, source_url: str, *, reached: bool) -> _Source:
    limits = FetchLimits.of(context.adapters.settings)
    parts = urlsplit(source_url)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        found = await asyncio.to_thread(inspect, path)
        limits.check_size(found.size)
        limits.check_space(context.adapters.settings.home, found.size)
        return _Source(path, path.name)
    waiting = SourceWait(context, reached=reached)

    def fetched(done: int, total: int | None) -> None:
        waiting.brought(done)
        context.report(_FETCHED * done / total if total else 0.0)

    async def rest(seconds: float) -> None:
        with context.paused():
            await asyncio.sleep(seconds)

    try:
        source = await fetch(source_url, context.folder / "download", limits=replace(limits, sleep=rest), on_progress=fetched, resumes=True)
    except SourceUnavailable as error:
        await waiting.lost(error)
    await waiting.had()
    path, name = source.path, source.file_name
    if source.sound is not None:
        path = context.folder / "joined"
        name += await context.adapters.media.mux_tracks(source.path, source.sound, path)
        source.path.unlink()
        source.sound.unlink()
    elif safe_extension(name) == ".bin" and source.content_type:
        name += mimetypes.guess_extension(source.content_type.split(";")[0].strip()) or ""
    return _Source(path, name, source.title or title_of(source.file_name) or None, source.etag, source.details)


def _extension(name: str, info: MediaInfo) -> str:
    """Returns the name's own extension when we know it, else the container's."""
    known = safe_extension(name)
    return known if known != ".bin" else _EXTENSIONS.get(info.container, ".bin")


async def _thumbnail(context: StageContext, path: Path, info: MediaInfo) -> StillImage | None:
    if not info.has_video:
        return None
    claim = context.claim
    made = await context.adapters.media.thumbnails(path, [ThumbnailRequest("video", context.folder / "video.jpg")], info)
    if not made:
        return None
    key = thumbnail_key(claim.video_id, "video", claim.request_id, claim.attempt)
    await context.put(key, made[0].path, "image/jpeg")
    return StillImage(key, made[0].time, made[0].width, made[0].height)


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return {"source": (await context.video()).source_key}


async def _checkpoint_valid(context: StageContext, checkpoint: Checkpoint) -> bool:
    """Returns whether the source is still the same: another run may have replaced it, or chosen another of its audio tracks."""
    video = await context.video()
    wanted = context.options.audio_track
    return bool(video.cloud_url == checkpoint["cloud_url"]) and wanted in (None, (await context.media_info()).audio_number)


VIDEO_DOWNLOAD = Stage(name=StageName.VIDEO_DOWNLOAD, run=download, inputs=_inputs, checkpoint_valid=_checkpoint_valid)
