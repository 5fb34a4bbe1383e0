"""Encodes clips: exact ones for users, small constant-rate proxies for models, and audio alone. Runs only in the child."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from videomoments.core.errors import UnsupportedMedia
from videomoments.core.times import Interval
from videomoments.media.cutting.frame_plan import Shown, frames_between
from videomoments.media.cutting.packet_scan import frame_times
from videomoments.media.cutting.writer import ClipWriter, Encoding, interleave
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.placed_audio import PlacedAudio
from videomoments.media.reading.shaping import fitted
from videomoments.media.types import MediaInfo

DELIVERED = Encoding(
    # No B-frames: a third less processor time and memory at the same quality, for a tenth more bytes, and no reordering that an edit list
    # would have to hide. The lookahead's own thread costs 30 MB and gains nothing on few cores, its second half another 25.
    options=(("preset", "veryfast"), ("crf", "20"), ("bf", "0"), ("rc-lookahead", "5"), ("x264-params", "sync-lookahead=0")),
    audio_rate=80_000,
    most_channels=2,
    edit_list=True,
    keyframe_seconds=4.0,
)
# Models watch one to four pictures a second, `signal` needs cuts to a tenth of a second: ten are enough for both.
PROXY_FPS = 10.0
PROXY_SHORT_SIDE = 480
_PROXY_OPTIONS = (("preset", "ultrafast"), ("tune", "fastdecode"), ("crf", "28"), ("bf", "0"))
_PROXY_AUDIO_RATE = 64_000

Tick = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was written: the range of the source, the number of pictures, the first and the last one, and the faults that the source had.

    `join` is the number of the picture where copied packets follow encoded ones, if they do.
    """

    held: Interval
    frames: int
    first: VideoFrame | None
    last: VideoFrame | None
    faults: int
    join: int | None = None


def encode_exact(pictures: Pictures, sound: PlacedAudio | None, info: MediaInfo, wanted: Interval, target: Path, tick: Tick) -> Encoded:
    """Writes a delivered clip: exactly the source's frames of `wanted`, with their own times, and their audio. Raises `UnsupportedMedia`
    (`damaged`) where no picture can be read."""
    assert info.video is not None
    plan = frames_between(frame_times(pictures, wanted), info.duration, wanted.start, wanted.end, info.video.fps)
    if not plan:
        raise UnsupportedMedia("No picture of the asked stretch can be read.", code="damaged", advice="Export the file again.")
    held = Interval(plan[0].at, plan[-1].at + plan[-1].duration)
    shaper = pictures.shaper(info.video, *fitted(info.video))
    ends: list[VideoFrame] = []

    def shown() -> Iterator[tuple[VideoFrame, float, float]]:
        for frame, entry in planned(pictures, plan):
            tick(entry.at - held.start)
            shaped = shaper(frame)
            ends[1:] = [shaped]
            if len(ends) == 1:
                ends.append(shaped)
            yield shaped, entry.at - held.start, entry.duration

    writer = ClipWriter(target, DELIVERED)
    writer.with_video(shaper.width, shaper.height, min(info.video.fps, 60.0))
    count = interleave(shown(), audio_for(sound, info, held, writer), writer)
    writer.close()
    return Encoded(held, count, ends[0] if ends else None, ends[-1] if ends else None, pictures.faults)


def encode_proxy(
    pictures: Pictures, sound: PlacedAudio | None, info: MediaInfo, wanted: Interval, target: Path, max_bytes: int | None, tick: Tick
) -> Encoded:
    """Writes a clip for a model: at most 480 lines, 10 pictures a second on an even grid from exactly `wanted.start`, nothing hidden."""
    assert info.video is not None
    shaper = pictures.shaper(info.video, *fitted(info.video, shortest=PROXY_SHORT_SIDE))
    fps = min(PROXY_FPS, max(info.video.fps, 1.0))
    count = max(1, round(wanted.duration * fps))
    held = Interval(wanted.start, wanted.start + count / fps)

    # Frames that nothing depends on are not decoded, except at a variable rate, where such a frame may be shown for seconds.
    skip = "DEFAULT" if info.video.vfr else "NONREF"

    def shown() -> Iterator[tuple[VideoFrame, float, float]]:
        for number, frame in enumerate(_sampled(pictures, wanted.start, fps, count, skip)):
            tick(number / fps)
            yield shaper(frame), number / fps, 1 / fps

    writer = ClipWriter(target, _proxy_encoding(wanted.duration, max_bytes))
    writer.with_video(shaper.width, shaper.height, fps)
    written = interleave(shown(), audio_for(sound, info, held, writer), writer)
    writer.close()
    return Encoded(held, written, None, None, pictures.faults)


def encode_audio(sound: PlacedAudio, info: MediaInfo, wanted: Interval, target: Path, tick: Tick) -> Encoded:
    """Writes a clip of a source without video: M4A, exact to the sample."""
    writer = ClipWriter(target, DELIVERED, "ipod")
    for block in audio_for(sound, info, wanted, writer) or ():
        tick(float((block.pts or 0) * (block.time_base or 0)))
        writer.sound(block)
    writer.close()
    return Encoded(wanted, 0, None, None, sound.faults)


def planned(pictures: Pictures, plan: Sequence[Shown]) -> Iterator[tuple[VideoFrame, Shown]]:
    """Yields the planned frames as they decode. Frames that the decoder does not return are left out; the check counts them."""
    entries = iter(plan)
    entry = next(entries, None)
    for at, frame in pictures.frames_from(plan[0].source, wanted=plan[0].source):
        while entry is not None and entry.source < at - 1e-6:
            entry = next(entries, None)
        if entry is None:
            return
        if abs(entry.source - at) <= 1e-6:
            yield frame, entry
            entry = next(entries, None)
            if entry is None:
                return


def _sampled(pictures: Pictures, start: float, fps: float, count: int, skip: str) -> Iterator[VideoFrame]:
    """Yields `count` frames at an even rate: at each time the one that the source shows, of those that `skip` leaves."""
    due = 0
    shown: VideoFrame | None = None
    for at, frame in pictures.frames_from(start, skip=skip):
        while due < count and shown is not None and at > start + (due + 0.5) / fps:
            yield shown
            due += 1
        if due == count:
            return
        shown = frame
    while due < count and shown is not None:
        yield shown
        due += 1


def audio_for(sound: PlacedAudio | None, info: MediaInfo, held: Interval, writer: ClipWriter) -> Iterator[AudioFrame] | None:
    """Adds an audio track to the writer, and returns the audio of the clip; None where there is none."""
    if sound is None:
        return None
    assert info.audio is not None
    writer.with_audio(info.audio.sample_rate, info.audio.channels)
    return sound.blocks(held.start, held.end, pad=True)


def _proxy_encoding(duration: float, max_bytes: int | None) -> Encoding:
    options: tuple[tuple[str, str], ...] = _PROXY_OPTIONS
    audio_rate = _PROXY_AUDIO_RATE
    if max_bytes is not None:
        # A tenth is left for the container and for variations of the bit rate.
        total = int(max_bytes * 8 * 0.9 / max(duration, 1.0))
        audio_rate = min(audio_rate, max(16_000, total // 4))
        rate = max(24_000, total - audio_rate)
        options = (*options, ("maxrate", str(rate)), ("bufsize", str(rate * 2)))
    return Encoding(options, audio_rate, most_channels=1, edit_list=False, keyframe_seconds=2.0)
