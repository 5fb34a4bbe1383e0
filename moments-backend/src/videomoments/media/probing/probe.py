"""Measures what a file really holds. Runs only in the child."""

from __future__ import annotations

import dataclasses
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.clock import Piece
from videomoments.media.probing.choosing import choose, undecodable_track
from videomoments.media.probing.containers import matroska_present
from videomoments.media.probing.joined import find_clock
from videomoments.media.probing.measure import HIDDEN_PACKETS, Measured, measure
from videomoments.media.reading.dynamic_range import hdr_of
from videomoments.media.reading.formats import pair_refusal
from videomoments.media.reading.opening import check_pixels, known_codec, open_source
from videomoments.media.reading.orientation import Orientation, orientation_of
from videomoments.media.reading.packets import decode, packets_of, time_base
from videomoments.media.reading.reader import Reader, Track
from videomoments.media.types import AudioStream, ContainerChapter, MediaInfo, VideoStream

SHORTEST = 0.1
# A file that holds less than this share of what its index promises is refused, and not silently shortened.
PRESENT_SHARE = 0.9
# Slide shows have a picture every few seconds, but with audio of the same length.
_SLOWEST_RATE = 0.2
_HEAD_FRAMES = 64
# The share by which the rate of the first pictures may differ from the header's.
_ROUGHLY = 0.02
# Audio that begins this many seconds before the first picture begins the timeline. Less is an encoder's priming, which is trimmed.
_EARLY = Fraction(1, 10)
# Video and audio that are more seconds apart are not one recording.
_APART = 60.0
_TIMECODE = re.compile(r"\d{2}:\d{2}:\d{2}[:;.,]\d{2}")
# Processor time, so that a busy machine finds the same damage.
_HEAD_SECONDS = 0.4


@dataclass(slots=True)
class _Head:
    """What decoding the first frames showed. `first` is in ticks of the stream."""

    first: int | None = None
    frame: VideoFrame | AudioFrame | None = None
    faults: int = 0


def probe(path: Path, tick: Callable[[], None], audio_track: int | None = None) -> MediaInfo:
    """Measures the file. `tick` is called while packets are read. `audio_track` is the number of the requested audio track, from 1.

    Raises `UnsupportedMedia` where the file can never be used.
    """
    container = open_source(path)
    size = path.stat().st_size
    # Before anything is read: a stream that is discovered later would be missing when the file is opened again.
    chosen = choose(container, path, audio_track, tick)
    video, audio = chosen.video, chosen.audio
    if video is None and audio is None:
        raise UnsupportedMedia("The file has neither pictures nor sound.")
    _refuse_encrypted(container)
    warnings: list[str] = []
    clock = find_clock(container, path, (video.index if video else None, audio.index if audio else None), tick)
    if clock.pictures or clock.sound:
        warnings.append("clock_begins_anew")
    picture, sound, first, heard = None, None, None, None
    if video is not None:
        picture, first = _picture(video, _opened(container, video, path, clock.pictures), warnings, tick)
    if audio is not None:
        sound, heard = _sound(audio, _opened(container, audio, path, clock.sound), warnings, tick, alone=first is None)
        if audio_track is not None and not sound.decodable:
            raise undecodable_track(audio_track, sound.reason)
    picture, sound, zero = _placed(picture, first, sound, heard)
    duration = _duration(picture, sound)
    _refuse_broken_clock(picture, sound)
    _compare_with_header(container, path, size, duration, warnings, joined=bool(clock.pictures or clock.sound))
    if len(chosen.tracks) > 1:
        warnings.append("several_audio_streams")
    return MediaInfo(
        container=container.format.name.split(",")[0],
        size_bytes=size,
        duration=duration,
        start_pts=float(zero),
        video=picture,
        audio=sound,
        chapters=_chapters(container, zero, duration),
        warnings=tuple(dict.fromkeys(warnings)),
        start_timecode=_timecode(container, video),
        audio_tracks=chosen.tracks,
        audio_reason=chosen.reason,
        left_out=chosen.left_out,
        clock=clock,
    )


def _opened(container: InputContainer, stream: AvVideo | AvAudio, path: Path, pieces: Sequence[Piece]) -> Reader | Track:
    """Returns the stream, readable from any position. It decodes on one thread, because what the first frames show must not depend on the
    number of threads."""
    if pieces:
        return Track(path, stream.index, pieces, _one_thread)
    return Reader(path, stream.index, container=container, ready=_one_thread)


def _one_thread(stream: AvVideo | AvAudio) -> None:
    if getattr(stream, "codec_context", None) is not None:
        stream.codec_context.thread_count = 1


def _placed(
    picture: VideoStream | None, first: Fraction | None, sound: AudioStream | None, heard: Fraction | None
) -> tuple[VideoStream | None, AudioStream | None, Fraction]:
    """Places both on the timeline, and returns its zero: the first picture, or the first audio sample where that is clearly earlier."""
    zero = first if first is not None else heard if heard is not None else Fraction(0)
    if picture is not None and first is not None and heard is not None and first - heard > _EARLY:
        step = Fraction(*picture.time_base)
        start = round((first - heard) / step) * step
        zero = first - start
        moved = picture.keyframes and tuple(round(at + float(start), 6) for at in picture.keyframes)
        picture = dataclasses.replace(picture, start=float(start), keyframes=moved)
    if sound is not None and heard is not None:
        sound = dataclasses.replace(sound, start=float(heard - zero))
    return picture, sound, zero


def _refuse_encrypted(container: InputContainer) -> None:
    for _, packet in zip(range(64), packets_of(container), strict=False):
        if packet.has_sidedata("encryption_info"):
            raise UnsupportedMedia("The file is encrypted (DRM).", code="encrypted", advice="Give a copy without protection.")


def _picture(stream: AvVideo, reader: Reader | Track, warnings: list[str], tick: Callable[[], None]) -> tuple[VideoStream, Fraction | None]:
    """Measures the video as if the timeline began with its first picture. Also returns that picture's time on the joined clock."""
    context = stream.codec_context
    if context is not None:
        check_pixels(context.width, context.height)
    codec = known_codec(stream)
    measured = measure(reader, tick)
    _refuse_truncated(stream, measured, warnings)
    head = _decode_head(reader) if codec and measured else _Head()
    decodable = isinstance(head.frame, VideoFrame)
    if not decodable:
        warnings.append("video_undecodable")
    elif head.faults:
        warnings.append("damaged")
    step = time_base(stream)
    first = head.first if head.first is not None else measured.first if measured else 0
    duration = float((measured.end - first) * step) if measured else 0.0
    vfr = bool(measured and measured.vfr)
    if vfr:
        warnings.append("variable_frame_rate")
    orientation = orientation_of(head.frame) if isinstance(head.frame, VideoFrame) else Orientation()
    aspect = _aspect(stream)
    shaped = head.frame if isinstance(head.frame, VideoFrame) else context
    width, height = (shaped.width, shaped.height) if shaped is not None else (0, 0)
    shown = (round(width * aspect), height)
    display = (shown[1], shown[0]) if orientation.swaps_sides else shown
    facts = VideoStream(
        index=stream.index,
        codec=_name(stream),
        width=width,
        height=height,
        display_width=display[0],
        display_height=display[1],
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        sample_aspect=float(aspect),
        fps=_rate(stream, measured, first, duration),
        vfr=vfr,
        time_base=(step.numerator, step.denominator),
        pixel_format=head.frame.format.name if isinstance(head.frame, VideoFrame) else "",
        keyframes=_keyframes(measured, first, step),
        decodable=decodable,
        duration=max(duration, 0.0),
        hdr=hdr_of(head.frame) if isinstance(head.frame, VideoFrame) else None,
        reason="" if decodable else _why_not(stream, codec),
    )
    return facts, first * step if decodable else None


def _sound(
    stream: AvAudio, reader: Reader | Track, warnings: list[str], tick: Callable[[], None], *, alone: bool
) -> tuple[AudioStream, Fraction | None]:
    """Measures the audio. Also returns the time of its first sample on the joined clock. `alone` says that there is no video."""
    codec = known_codec(stream)
    measured = measure(reader, tick) if codec else None
    if alone:
        _refuse_truncated(stream, measured, warnings)
    head = _decode_head(reader) if codec and measured else _Head()
    decodable = isinstance(head.frame, AudioFrame)
    if not decodable:
        warnings.append("audio_undecodable")
    step = time_base(stream)
    first = head.first if head.first is not None else 0
    context = stream.codec_context
    facts = AudioStream(
        index=stream.index,
        codec=_name(stream),
        sample_rate=context.sample_rate if context else 0,
        channels=context.channels if context else 0,
        start=0.0,
        duration=max(float((measured.end - first) * step), 0.0) if measured and decodable else 0.0,
        decodable=decodable,
        reason="" if decodable else _why_not(stream, codec),
    )
    return facts, first * step if decodable else None


def _why_not(stream: AvVideo | AvAudio, codec: str | None) -> str:
    if codec is not None:
        return f"its {_name(stream)} does not decode"
    return pair_refusal(stream.container.format.name, _name(stream)) or f"{_name(stream)} is not supported"


def _decode_head(reader: Reader | Track) -> _Head:
    """Decodes the first frames on one thread: they show where the timeline starts, how the picture is turned, and whether it decodes at
    all."""
    packets = reader.from_start()
    context = reader.stream.codec_context
    head = _Head()
    seen: list[VideoFrame | AudioFrame] = []
    started = time.process_time()
    for packet in islice(packets, HIDDEN_PACKETS):
        frames = decode(context, packet)
        if frames is None:
            head.faults += 1
            continue
        head.faults += sum(frame.is_corrupt for frame in frames)
        seen += frames
        if len(seen) >= _HEAD_FRAMES or (len(seen) > 1 and time.process_time() - started > _HEAD_SECONDS):
            break
    if len(seen) < 2:
        seen += decode(context, None) or []
    if seen:
        head.frame = seen[0]
        head.first = _first_of(seen, time_base(reader.stream))
    return head


def _first_of(frames: list[VideoFrame | AudioFrame], step: Fraction) -> int:
    """Returns the first frame's time. A first audio frame without its encoder's padding still has the untrimmed time, so the second one's
    is used."""
    first = frames[0]
    at = first.pts if first.pts is not None else first.dts or 0
    if isinstance(first, AudioFrame) and len(frames) > 1:
        second = frames[1]
        assert isinstance(second, AudioFrame)
        if first.samples < second.samples and second.pts is not None:
            return second.pts - round(Fraction(first.samples, first.sample_rate) / step)
    return at


def _refuse_truncated(stream: AvVideo | AvAudio, measured: Measured | None, warnings: list[str]) -> None:
    if measured is None or measured.missing == 0:
        return
    if stream.duration and (measured.end - measured.first) < PRESENT_SHARE * stream.duration:
        raise UnsupportedMedia(
            f"The file is cut off: {float((measured.end - measured.first) * time_base(stream)):.1f} s of"
            f" {float(stream.duration * time_base(stream)):.1f} s are there.",
            code="truncated",
            advice="Upload it again.",
        )
    warnings.append("truncated_tail")


def _duration(picture: VideoStream | None, sound: AudioStream | None) -> float:
    ends = [picture.end] if picture is not None and picture.decodable else []
    if sound is not None and sound.decodable:
        ends.append(sound.start + sound.duration)
    if not ends:
        present = [stream for stream in (picture, sound) if stream is not None]
        if any("does not decode" in stream.reason for stream in present):
            raise UnsupportedMedia("No picture and no sound of the file can be read: it is damaged.", advice="Upload it again.")
        raise UnsupportedMedia(
            f"Nothing in the file can be decoded: {'; '.join(stream.reason for stream in present)}.",
            code="unsupported_codec",
            advice="Convert it to MP4 (H.264, AAC).",
        )
    if max(ends) < SHORTEST:
        raise UnsupportedMedia(f"The file is {max(ends):.2f} s long.", code="too_short", advice="Give a longer recording.")
    return max(ends)


def _refuse_broken_clock(picture: VideoStream | None, sound: AudioStream | None) -> None:
    """Raises `UnsupportedMedia` for a broken clock. A wrong time scale turns seconds into days, and all packets agree with it. It only
    shows in a picture rate that nobody records, or in audio that is nowhere near the video."""
    if picture is None or not picture.decodable:
        return
    heard = 0.0
    if sound is not None and sound.decodable:
        heard = sound.duration
        late, early = sound.start - picture.end, picture.start - sound.start - sound.duration
        if max(late, early) > _APART:
            where = f"begins {late:.0f} s after its last" if late > 0 else f"ends {early:.0f} s before its first"
            raise _broken_clock(f"its sound {where} picture.")
    if picture.fps < _SLOWEST_RATE and picture.duration > 2 * heard + 60:
        raise _broken_clock(f"{picture.duration:.0f} s with a picture every {1 / picture.fps:.0f} s.")


def _broken_clock(found: str) -> UnsupportedMedia:
    return UnsupportedMedia(f"The file's clock is broken: {found}", advice="Convert the file to MP4 (H.264, AAC) with another program.")


def _compare_with_header(container: InputContainer, path: Path, size: int, duration: float, warnings: list[str], *, joined: bool) -> None:
    claimed = (container.duration or 0) / 1_000_000
    if "matroska" in container.format.name:
        present = matroska_present(path, size)
        if present < PRESENT_SHARE:
            raise UnsupportedMedia(f"The file is cut off: {present:.0%} of it is there.", code="truncated", advice="Upload it again.")
        if present < 1:
            warnings.append("truncated_tail")
    # Of a clock that starts again, the container knows only the first and the last time.
    if claimed > duration * 1.1 + 1 and not joined:
        warnings.append("shorter_than_header")


def _name(stream: AvVideo | AvAudio) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else "unknown"


def _aspect(stream: AvVideo) -> Fraction:
    """Returns the shape of a pixel, width over height; nonsense counts as square."""
    context = stream.codec_context
    aspect = (stream.sample_aspect_ratio or context.sample_aspect_ratio) if context is not None else None
    return aspect if aspect and Fraction(1, 8) < aspect < 8 else Fraction(1)


def _rate(stream: AvVideo, measured: Measured | None, first: int, duration: float) -> float:
    """Returns the average frames per second, counted from the `first` that decodes where a count is known. Some headers state up to a
    billion."""
    counted = measured.frames if measured is not None else None
    if measured is not None and measured.times is not None:
        counted = len(measured.times) - bisect_left(measured.times, first)
    rate = counted / duration if counted and duration > 0 else float(stream.average_rate or 0)
    if not counted and measured is not None and measured.pace and not measured.vfr:
        # A header may state any rate. It is used where the first pictures confirm it, since it is the more precise number.
        seen = 1 / (measured.pace * float(time_base(stream)))
        rate = rate if abs(rate - seen) <= _ROUGHLY * seen else seen
    return rate if 0 < rate <= 1000 else 25.0


def _keyframes(measured: Measured | None, first: int, step: Fraction) -> tuple[float, ...] | None:
    if measured is None or not measured.keyframes:
        return None
    # A keyframe that an edit list hides is before the timeline's zero, and nothing of it can be shown.
    return tuple(round(float((at - first) * step), 6) for at in measured.keyframes if at >= first) or None


def _timecode(container: InputContainer, video: AvVideo | None) -> str | None:
    """Returns the timecode of the first picture from the file's timecode track (QuickTime) or header, or None."""
    for said in (video.metadata if video is not None else {}, container.metadata):
        if _TIMECODE.fullmatch(said.get("timecode", "")):
            return said["timecode"]
    return None


def _chapters(container: InputContainer, zero: Fraction, duration: float) -> tuple[ContainerChapter, ...]:
    found = []
    for chapter in container.chapters():
        start = float(chapter["start"] * (chapter["time_base"] or Fraction(1, 1000)) - zero)
        if start < duration:
            found.append(ContainerChapter(round(max(start, 0.0), 3), chapter["metadata"].get("title", "")))
    return tuple(found)
