"""Drawn test media: every frame carries its number, every whole second of sound a short beep. Import as `media.makers`.

`draw` writes a file and returns the truth about it, in seconds on the timeline whose 0 is the first frame. Only PyAV is needed.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

BITS = 16
CLOCK = 90_000
BEEP_SECONDS = 0.05
BEEP_HERTZ = 1000
_FAST: dict[str, dict[str, str]] = {
    "libx264": {"preset": "ultrafast", "crf": "18"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "1M"},
    "mpeg4": {"q": "3"},
    "mjpeg": {"q": "3"},
    "mpeg2video": {"q": "3"},
}
_MUXERS = {
    ".mp4": "mp4",
    ".m4a": "ipod",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".avi": "avi",
    ".wav": "wav",
    ".flv": "flv",
    ".aac": "adts",
    ".mp3": "mp3",
    ".ogg": "ogg",
    ".flac": "flac",
    ".vob": "vob",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A made file. `times` are its frames' (empty: no pictures); `beeps` where its sound has one; `cuts` where the scene changes."""

    path: Path
    times: tuple[float, ...]
    seconds: float
    beeps: tuple[float, ...]
    cuts: tuple[float, ...]


def draw(
    target: Path,
    *,
    seconds: float = 6.0,
    fps: Fraction | int = 25,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (320, 192),
    video: str | None = "libx264",
    options: dict[str, str] | None = None,
    gop: int = 50,
    b_frames: int = 2,
    rotation: int = 0,
    aspect: Fraction | None = None,
    start: float = 0.0,
    scene_seconds: float = 2.0,
    audio: str | None = "aac",
    audio_delay: float = 0.0,
    audio_gap: tuple[float, float] | None = None,
    channels: int = 1,
    rate: int = 48_000,
    muxing: dict[str, str] | None = None,
    pixels: str = "yuv420p",
    forced: int = 0,
    grain: int = 0,
    first_number: int = 0,
) -> Drawn:
    """Draws `seconds` of pictures and sound into `target`; its suffix names the container.

    `times` makes a variable rate; `rotation` is degrees counter-clockwise in the header; `start` delays everything, `audio_delay` the
    sound alone (negative: it begins before the pictures); `audio_gap` leaves out the sound packets of a stretch; every `forced`-th
    picture is asked to be a keyframe; `grain` is the strength of a scene's texture, which makes keyframes large beside what follows them;
    `first_number` stands in the first picture.

    Sound that begins clearly before the pictures begins the timeline that the answer is about.
    """
    shown = list(times) if times is not None else [float(number / Fraction(fps)) for number in range(round(seconds * fps))]
    with av.open(str(target), "w", format=_MUXERS[target.suffix], options=muxing or {}) as out:
        feeds: list[Iterator[Packet]] = []
        if video:
            stream = _picture_track(out, video, Fraction(fps), options or {})
            _prepare(stream, size, gop, b_frames, aspect, pixels, rotation)
            feeds.append(_pictures(stream, shown, start, scene_seconds, forced, grain, first_number))
        if audio:
            track = _sound_track(out, audio, rate, channels)
            feeds.append(_sound(track, seconds, start, audio_delay, audio_gap, channels))
        for packet in _merged(feeds):
            out.mux(packet)
    lead = -audio_delay if video and audio and audio_delay < -0.1 else 0.0
    cuts = np.arange(scene_seconds, seconds, scene_seconds)
    return _drawn(target, shown if video else (), seconds, _beeps(seconds, audio_delay) if audio else (), cuts, lead)


def _picture_track(out: av.container.OutputContainer, codec: str, rate: Fraction, options: dict[str, str]) -> VideoStream:
    stream = out.add_stream(codec, rate=rate, options={**_FAST.get(codec, {}), **options})
    assert isinstance(stream, VideoStream)
    return stream


def _sound_track(out: av.container.OutputContainer, codec: str, rate: int, channels: int) -> AudioStream:
    track = out.add_stream(codec, rate=rate)
    assert isinstance(track, AudioStream)
    track.codec_context.layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    return track


def _beeps(seconds: float, audio_delay: float) -> list[float]:
    return [float(second) for second in range(math.ceil(seconds - BEEP_SECONDS)) if second >= audio_delay]


def _drawn(target: Path, shown: Sequence[float], seconds: float, beeps: Sequence[float], cuts: Iterable[float], lead: float) -> Drawn:
    """On the timeline that begins `lead` seconds before the first picture."""
    pictures, sounds, changes = (tuple(float(at) + lead for at in times) for times in (shown, beeps, cuts))
    return Drawn(target, pictures, seconds + lead, sounds, changes)


def _merged(feeds: list[Iterator[Packet]]) -> list[Packet]:
    def decoded_at(packet: Packet) -> Any:
        return (packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base

    # Encoders open with their first packet: every stream has to be open before the header is written.
    return sorted(itertools.chain(*feeds), key=decoded_at)


def _prepare(
    stream: VideoStream, size: tuple[int, int], gop: int, b_frames: int, aspect: Fraction | None, pixels: str, rotation: int
) -> None:
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = *size, "yuvj420p" if context.name == "mjpeg" else pixels
    if context.name in ("libx264", "libx265", "libvpx-vp9"):
        context.time_base = Fraction(1, CLOCK)
    context.gop_size = gop
    if context.name in ("libx264", "libx265", "mpeg4"):
        context.max_b_frames = b_frames
    if aspect:
        context.sample_aspect_ratio = aspect
    if rotation:
        stream.set_display_rotation(rotation)


def _pictures(
    stream: VideoStream, times: Sequence[float], start: float, scene_seconds: float, forced: int, grain: int, first: int
) -> Iterator[Packet]:
    context = stream.codec_context
    width, height = context.width, context.height
    for number, at in enumerate(times, first):
        scene = int(at / scene_seconds)
        image = picture(number, scene, width, height)
        if grain:
            texture = np.random.default_rng(scene).integers(0, grain, (height - height // 4, width, 1), np.uint8)
            image[height // 4 :] += texture
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = round((at + start) * CLOCK), Fraction(1, CLOCK)
        frame = frame.reformat(format=context.pix_fmt)
        if forced and (number - first) % forced == 0:
            frame.pict_type = PictureType.I
        yield from stream.encode(frame)
        ordinary_priority(context.name)
    yield from stream.encode(None)


def ordinary_priority(encoder: str) -> None:
    """Call it once `encoder` has its first picture. As root SVT-AV1 makes the process that opens it, and whatever that starts later, a
    real-time one: nothing else on the machine runs while it has work."""
    if encoder == "libsvtav1" and hasattr(os, "sched_setscheduler"):
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))


def picture(number: int, scene: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """RGB, height x width x 3: a background per scene, a bar that moves with every frame, the number in black and white blocks on top."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = ((60, 90, 150), (150, 70, 60), (70, 150, 80), (150, 150, 60))[scene % 4]
    left = number * 7 % (width - 8)
    image[height // 2 :, left : left + 8] = 200
    bits = [1, 0, *(number >> bit & 1 for bit in reversed(range(BITS)))]
    for place, bit in enumerate(bits):
        left, right = (round(edge * width / len(bits)) for edge in (place, place + 1))
        image[: height // 4, left:right] = 235 if bit else 20
    return image


def number_in(luma: npt.NDArray[np.uint8]) -> int:
    """The frame number in an upright picture's luma (height x width), at any size. Raises ValueError where the strip is not there."""
    height, width = luma.shape
    bits = [int(luma[height // 8, int((place + 0.5) * width / (BITS + 2))]) > 128 for place in range(BITS + 2)]
    if bits[:2] != [True, False]:
        raise ValueError("no strip")
    return int("".join("1" if bit else "0" for bit in bits[2:]), 2)


def _sound(
    stream: AudioStream, seconds: float, start: float, delay: float, gap: tuple[float, float] | None, channels: int
) -> Iterator[Packet]:
    """A quiet tone throughout, a loud beep from each whole second of the timeline on, in the first channel's place of every channel."""
    rate = stream.codec_context.sample_rate
    at = np.arange(round(delay * rate), round(seconds * rate)) / rate
    wave = 0.02 * np.sin(2 * np.pi * 300 * at)
    wave[(at >= 0) & (at % 1 < BEEP_SECONDS)] = 0.6 * np.sin(2 * np.pi * BEEP_HERTZ * at[(at >= 0) & (at % 1 < BEEP_SECONDS)])
    samples = np.repeat(wave[None, :], channels, axis=0).astype(np.float32)
    offset = round((start + delay) * rate)
    for first in range(0, samples.shape[1], 1024):
        block = np.ascontiguousarray(samples[:, first : first + 1024])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.codec_context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, offset + first, Fraction(1, rate)
        yield from _outside(stream.encode(frame), gap, start)
    yield from _outside(stream.encode(None), gap, start)


def _outside(packets: list[Packet], gap: tuple[float, float] | None, start: float) -> Iterator[Packet]:
    for packet in packets:
        at = float((packet.pts or 0) * packet.time_base) - start
        if gap is None or not gap[0] <= at < gap[1]:
            yield packet


def joined(target: Path, parts: Sequence[dict[str, Any]]) -> Drawn:
    """Parts drawn one by one and written one after the other, as `cat` does it: each has a clock of its own (`start`). The numbers in the
    pictures go on. What is answered is the truth: every part whole, its sound where its own clock has it beside its pictures.
    """
    written: list[bytes] = []
    times: list[float] = []
    beeps: list[float] = []
    end: tuple[float, ...] = ()
    for number, told in enumerate(parts):
        made = draw(target.with_name(f"part{number}{target.suffix}"), first_number=len(times), **told)
        written.append(made.path.read_bytes())
        spans = _spans(made.path)
        zero = spans[0][0]
        by = max(before - (first - zero) for before, (first, _) in zip(end, spans, strict=True)) if end else 0.0
        times += [at + by for at in made.times]
        beeps += [at + by for at in made.beeps]
        end = tuple(last - zero + by for _, last in spans)
    target.write_bytes(b"".join(written))
    return Drawn(target, tuple(times), max(end), tuple(beeps), ())


def _spans(path: Path) -> list[tuple[float, float]]:
    """When each stream's first packet is shown and its last one ends, in seconds of the file's clock; the pictures first."""
    with av.open(str(path)) as file:
        streams = [*file.streams.video, *file.streams.audio]
        shown: dict[int, list[tuple[float, float]]] = {stream.index: [] for stream in streams}
        for packet in file.demux(*streams):
            if packet.size and packet.pts is not None and not packet.is_discard:
                step = float(packet.time_base)
                shown[packet.stream_index].append((packet.pts * step, (packet.duration or 0) * step))
        spans = []
        for stream in streams:
            at = sorted(first for first, _ in shown[stream.index])
            usual = float(np.median(np.diff(at)))
            # AAC is decoded in whole frames, also where the last one is told to be shorter.
            whole = stream.type == "video" or stream.codec_context.name == "aac"
            last = max(first + (usual if whole else lasts) for first, lasts in shown[stream.index])
            spans.append((at[0], last))
    return spans
