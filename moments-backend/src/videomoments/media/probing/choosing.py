"""Chooses the video and the audio stream of a file, with reasons. Runs only in the child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.reading.opening import known_codec
from videomoments.media.reading.reader import Reader
from videomoments.media.sound.hearing import Heard, hear
from videomoments.media.types import AudioTrack, TrackSound

_UNUSABLE = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
# Another track than the default one is chosen where at least this share of it is speech, and the default one has less than a fifth of that.
_SPEECH, _BESIDE = 0.10, 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """The streams to use. `tracks` are all of the file's audio tracks, and `reason` says why this one of several was chosen. `left_out`
    says in words which video tracks are not used, and why."""

    video: AvVideo | None
    audio: AvAudio | None
    tracks: tuple[AudioTrack, ...] = ()
    reason: str = ""
    left_out: tuple[str, ...] = ()


def choose(container: InputContainer, path: Path, wanted: int | None, tick: Callable[[], None]) -> Choice:
    """Chooses the streams. `wanted` is the number of an audio track, from 1, as players count them. Raises `UnsupportedMedia`
    (`no_such_audio_track`, `audio_track_undecodable`)."""
    video, left_out = _choose_video(container, path, tick)
    audio, tracks, reason = _choose_audio(container, path, wanted, tick)
    return Choice(video, audio, tracks, reason, left_out)


def choose_video(container: InputContainer) -> AvVideo | None:
    """Returns the video stream to use, from the header alone: never a cover or a thumbnail track; FFmpeg's own order decides among the
    rest."""
    usable = [stream for stream in container.streams.video if not stream.disposition & _UNUSABLE]
    best = container.streams.best("video")
    if isinstance(best, AvVideo) and any(stream.index == best.index for stream in usable):
        return best
    return usable[0] if usable else None


def choose_audio(container: InputContainer) -> AvAudio | None:
    """Returns the audio stream to use, from the header alone: the container's default or FFmpeg's best, else the first."""
    best = container.streams.best("audio")
    if isinstance(best, AvAudio):
        return best
    return container.streams.audio[0] if container.streams.audio else None


def _choose_video(container: InputContainer, path: Path, tick: Callable[[], None]) -> tuple[AvVideo | None, tuple[str, ...]]:
    """Chooses the video stream. A track of one picture is a cover where there is anything else; among the others, those that can be decoded
    come first."""
    first = choose_video(container)
    if first is None:
        return None, ()
    usable = [stream for stream in container.streams.video if not stream.disposition & _UNUSABLE]
    ordered = [first, *(stream for stream in usable if stream.index != first.index)]
    covers = [] if len(ordered) == 1 and not container.streams.audio else [one for one in ordered if _is_one_picture(path, one, tick)]
    moving = [one for one in ordered if one not in covers]
    remarks = [f"video track {_number(container, one)} is one picture: a cover" for one in covers]
    if not moving:
        # Without any audio the cover is all that there is, and is refused as too short.
        return (None if container.streams.audio else first), tuple(remarks)
    chosen = next((one for one in moving if known_codec(one)), moving[0])
    for one in moving:
        if one is not chosen:
            why = "another one is the default" if known_codec(one) else f"{_codec(one)} can't be decoded"
            remarks.append(f"video track {_number(container, one)} is not used: {why}")
    return chosen, tuple(remarks)


def _is_one_picture(path: Path, stream: AvVideo, tick: Callable[[], None]) -> bool:
    """Returns whether the stream has no second packet. Without an index the packets are read: the second one of a real stream comes
    soon."""
    if stream.frames > 1:
        return False
    if stream.frames == 1 and len(stream.index_entries) == 1:
        return True
    reader = Reader(path, stream.index)
    tick()
    with reader.container:
        return len(list(islice(reader.packets(), 2))) == 1


def _number(container: InputContainer, stream: AvVideo) -> int:
    return 1 + [one.index for one in container.streams.video].index(stream.index)


def _codec(stream: AvVideo | AvAudio) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else "an unknown codec"


def _choose_audio(
    container: InputContainer, path: Path, wanted: int | None, tick: Callable[[], None]
) -> tuple[AvAudio | None, tuple[AudioTrack, ...], str]:
    streams = container.streams.audio
    if wanted is not None:
        return _asked_for(streams, wanted)
    if len(streams) <= 1:
        return (streams[0] if streams else None), tuple(_tracks(streams, {})), ""
    heard = {one.index: hear(path, one.index, tick) for one in streams if known_codec(one)}
    tracks = tuple(_tracks(streams, heard))
    best = choose_audio(container)
    default = 1 + [one.index for one in streams].index(best.index) if best is not None else 1
    chosen, reason = by_ear(tracks, default, heard)
    return streams[chosen - 1], tracks, reason


def _asked_for(streams: Sequence[AvAudio], wanted: int) -> tuple[AvAudio, tuple[AudioTrack, ...], str]:
    if not 1 <= wanted <= len(streams):
        there = {0: "no sound", 1: "one audio track"}.get(len(streams), f"{len(streams)} audio tracks")
        raise UnsupportedMedia(
            f"Audio track {wanted} was asked for; the file has {there}.",
            code="no_such_audio_track",
            advice="Leave the track out, or name another: they are counted from 1.",
        )
    stream = streams[wanted - 1]
    if known_codec(stream) is None:
        raise undecodable_track(wanted, f"{_codec(stream)} is not supported")
    return stream, tuple(_tracks(streams, {})), "it was asked for"


def undecodable_track(wanted: int, why: str) -> UnsupportedMedia:
    return UnsupportedMedia(
        f"Audio track {wanted} was asked for, and can't be used: {why}.",
        code="audio_track_undecodable",
        advice="Leave the track out, or name another.",
    )


def by_ear(tracks: Sequence[AudioTrack], default: int, heard: dict[int, Heard]) -> tuple[int, str]:
    """Returns the number of the track to use and the reason. It is the default track, unless that can't be decoded, is silent while another
    is not, or hardly has speech while another has."""
    audible = {track.number: heard[track.index] for track in tracks if track.index in heard and heard[track.index].pieces}
    usual = audible.get(default)
    spoken = max(audible, key=lambda number: audible[number].speech, default=default)
    if usual is None:
        why = f"track {default}, the default, can't be decoded"
    elif usual.silent:
        why = f"track {default}, the default, is silent"
    else:
        why = f"hardly any speech is heard on track {default}, the default"
    if spoken != default and audible[spoken].speech >= _SPEECH and (usual is None or usual.speech <= audible[spoken].speech * _BESIDE):
        return spoken, f"speech is heard on it; {why}"
    if usual is not None and not usual.silent:
        return default, "it is the file's default"
    loudest = max(audible, key=lambda number: audible[number].peak, default=default)
    if loudest == default or audible[loudest].silent:
        return (default, "it is the file's default; all are silent") if usual else (loudest, why)
    return loudest, why


def _tracks(streams: Sequence[AvAudio], heard: dict[int, Heard]) -> list[AudioTrack]:
    return [
        AudioTrack(
            number=number,
            index=stream.index,
            codec=_codec(stream),
            channels=stream.codec_context.channels if stream.codec_context is not None else 0,
            language=_said(stream, "language"),
            title=_said(stream, "title") or _said(stream, "handler_name"),
            default=bool(stream.disposition & Disposition.default),
            sound=_sound(stream, heard.get(stream.index)),
        )
        for number, stream in enumerate(streams, 1)
    ]


def _sound(stream: AvAudio, heard: Heard | None) -> TrackSound:
    if known_codec(stream) is None or (heard is not None and not heard.pieces):
        return "undecodable"
    if heard is None:
        return "unheard"
    return "silent" if heard.silent else "speech" if heard.speech >= _SPEECH else "other"


def _said(stream: AvAudio, name: str) -> str | None:
    """Returns a tag for users: one line, without what encoders write of themselves."""
    text = " ".join(stream.metadata.get(name, "").split())[:100]
    return text if text and text not in ("und", "SoundHandler", "Core Media Audio") else None
