"""Small files of every container and codec that is taken and that FFmpeg's libraries can write: one second, 25 pictures, a tone.

`buildable` finds which they are by trying; `docs/formats.md` keeps the list, and `built` makes one of it. Import as `media.format_files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.codec import Codec
from av.packet import Packet
from av.video.stream import VideoStream

from media.makers import number_in, ordinary_priority, picture

# Muxers that write what a demuxer reads, and the file's ending.
MUXERS: dict[str, tuple[tuple[str, str], ...]] = {
    "mov": (("mov", ".mov"), ("mp4", ".mp4"), ("3gp", ".3gp"), ("ipod", ".m4a")),
    "matroska": (("matroska", ".mkv"),),
    "mpegts": (("mpegts", ".ts"),),
    "mpeg": (("vob", ".vob"), ("mpeg", ".mpg")),
    "avi": (("avi", ".avi"),),
    "asf": (("asf", ".wmv"),),
    "flv": (("flv", ".flv"),),
    "ogg": (("ogg", ".ogg"),),
    "mxf": (("mxf", ".mxf"),),
    "dv": (("dv", ".dv"),),
    "rm": (("rm", ".rm"),),
    "wtv": (("wtv", ".wtv"),),
    "nut": (("nut", ".nut"),),
    "ivf": (("ivf", ".ivf"),),
    "mp3": (("mp3", ".mp3"), ("mp2", ".mp2")),
    "aac": (("adts", ".aac"),),
    "loas": (("latm", ".loas"),),
    "ac3": (("ac3", ".ac3"),),
    "eac3": (("eac3", ".eac3"),),
    "dts": (("dts", ".dts"),),
    "wav": (("wav", ".wav"),),
    "w64": (("w64", ".w64"),),
    "aiff": (("aiff", ".aiff"),),
    "caf": (("caf", ".caf"),),
    "au": (("au", ".au"),),
    "voc": (("voc", ".voc"),),
    "flac": (("flac", ".flac"),),
    "wv": (("wv", ".wv"),),
    "tta": (("tta", ".tta"),),
    "amr": (("amr", ".amr"),),
}
# What encodes for a decoder, where its name is another.
ENCODERS = {
    "h264": "libx264",
    "hevc": "libx265",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "libdav1d": "libsvtav1",
    "prores": "prores_ks",
    "flv": "flv",
    "msmpeg4": "msmpeg4",
    "dirac": "vc2",
    "aac_latm": "aac",
    "mp3float": "libmp3lame",
    "mp2float": "mp2",
    "opus": "libopus",
    "amrnb": "libopencore_amrnb",
}
_SIZES = {"dvvideo": (720, 576), "h261": (176, 144), "h263": (176, 144), "dnxhd": (320, 192), "cfhd": (320, 192)}
_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12"},
    "dnxhd": {"profile": "dnxhr_lb"},
}
_FORMATS = {"dvvideo": "yuv420p", "dnxhd": "yuv422p", "mjpeg": "yuvj420p", "rawvideo": "uyvy422", "png": "rgb24", "ffv1": "yuv420p"}
_UNDRAWABLE = ("pal8",)
_RATES = {
    "amrnb": 8000,
    "g722": 16000,
    "g723_1": 8000,
    "g726": 8000,
    "g726le": 8000,
    "real_144": 8000,
    "nellymoser": 16000,
    "adpcm_swf": 22050,
}
_BIT_RATES = {"g723_1": 6300, "libopencore_amrnb": 12200, "g726": 32_000, "g726le": 32_000, "wmav1": 128_000, "wmav2": 128_000}
_MONO = ("amrnb", "g722", "g723_1", "g726", "g726le", "real_144", "nellymoser")
_REORDERED = ("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4")
# These hold no sound without pictures.
_COMPANIONS = {"mxf": "mpeg2video", "dv": "dvvideo"}
# From so many packets on their times must spread over the second.
_MANY = 4
FPS, SECONDS = 25, 1
_WAVE_RATE = 48_000
Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    """A container, by its demuxer, with one codec, by its decoder."""

    demuxer: str
    decoder: str
    video: bool


def encoder_of(decoder: str) -> Codec | None:
    """What writes for it; None: FFmpeg's libraries here have nothing."""
    with suppress(ValueError):
        return Codec(ENCODERS.get(decoder, decoder), "w")
    return None


def built(target: Path, muxer: str, video: str | None, audio: str | None, *, seconds: int = SECONDS, wave: Wave | None = None) -> None:
    """Writes one file with these decoders' codecs, and a tone or `wave`, mono at 48 kHz.

    Raises what the libraries raise where they can't.
    """
    options = {"mpegts_flags": "latm"} if muxer == "mpegts" and audio == "aac_latm" else {}
    with av.open(str(target), "w", format=muxer, options=options) as out:
        film = _film(out, video) if video else None
        sound = _sound(out, audio) if audio else None
        packets: list[Packet] = []
        if film is not None:
            packets += _pictures(film, seconds)
        if sound is not None:
            packets += _sounding(sound, wave if wave is not None else _tone(seconds))
        for packet in sorted(packets, key=lambda packet: (packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base):
            out.mux(packet)


def _film(out: Any, decoder: str) -> VideoStream:
    codec = encoder_of(decoder)
    if codec is None:
        raise ValueError("no encoder")
    stream = out.add_stream(codec.name, rate=FPS, options=_OPTIONS.get(codec.name, {}))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = _SIZES.get(decoder, (128, 96))
    known = [form.name for form in codec.video_formats or []]
    stream.pix_fmt = _FORMATS.get(decoder) or next(
        (name for name in ("yuv420p", "yuv422p", "yuv422p10le", *known) if name in known), "yuv420p"
    )
    if stream.pix_fmt in _UNDRAWABLE:
        raise ValueError("pictures with a palette")
    stream.codec_context.bit_rate = 2_000_000
    stream.codec_context.gop_size = 12
    stream.codec_context.max_b_frames = 2 if decoder in _REORDERED else 0
    return stream


def _pictures(stream: VideoStream, seconds: int) -> Iterator[Packet]:
    for number in range(FPS * seconds):
        frame = av.VideoFrame.from_ndarray(picture(number, number // 12, stream.width, stream.height), format="rgb24")
        frame = frame.reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield from stream.encode(frame)
        ordinary_priority(stream.codec_context.name)
    yield from stream.encode(None)


def _sound(out: Any, decoder: str) -> AudioStream:
    codec = encoder_of(decoder)
    if codec is None:
        raise ValueError("no encoder")
    rate = _RATES.get(decoder) or (48_000 if not codec.audio_rates or 48_000 in codec.audio_rates else max(codec.audio_rates))
    stream = out.add_stream(codec.name, rate=rate, options={"strict": "-2"})
    assert isinstance(stream, AudioStream)
    known = [form.name for form in codec.audio_formats or []]
    stream.codec_context.format = known[0] if known else "s16"
    stream.codec_context.layout = "mono" if decoder in _MONO else "stereo"
    if codec.name in _BIT_RATES:
        stream.codec_context.bit_rate = _BIT_RATES[codec.name]
    return stream


def _tone(seconds: int) -> Wave:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(_WAVE_RATE * seconds) / _WAVE_RATE)).astype(np.float32)


def _sounding(stream: AudioStream, wave: Wave) -> Iterator[Packet]:
    context = stream.codec_context
    stream.codec_context.open(strict=False)
    size = context.frame_size or 1024
    resampler = av.AudioResampler(context.format.name, context.layout.name, context.sample_rate, frame_size=size)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[None, :]), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = _WAVE_RATE, 0
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        if piece is not None:
            yield from stream.encode(piece)
    yield from stream.encode(None)


def buildable(demuxer: str, decoder: str, folder: Path) -> tuple[str, str] | None:
    """The first muxer (with its ending) whose file is read by `demuxer` and has that decoder's codec in it; None: none can."""
    codec = encoder_of(decoder)
    if codec is None:
        return None
    for muxer, suffix in MUXERS.get(demuxer, ()):
        target = folder / f"tried{suffix}"
        with suppress(av.error.FFmpegError, ValueError, RuntimeError, AssertionError, TypeError, OverflowError):
            built(target, muxer, *((decoder, None) if codec.type == "video" else (_COMPANIONS.get(demuxer), decoder)))
            with av.open(str(target)) as made:
                streams = made.streams.video if codec.type == "video" else made.streams.audio
                names = [stream.codec_context.name for stream in streams if stream.codec_context]
                if demuxer in made.format.name.split(",") and names == [decoder] and _is_whole(target, codec.type):
                    return muxer, suffix
    return None


def right_share(frames: Iterable[av.VideoFrame], first: int = 0) -> float:
    """How many of the pictures, out of a file's 25 or as many as there are, carry the number of their place: a coarse codec blurs some, a
    wrong order shifts all."""
    seen = []
    for frame in frames:
        try:
            seen.append(number_in(frame.reformat(format="gray").to_ndarray()))
        except ValueError:
            seen.append(-1)
    return sum(number == first + place for place, number in enumerate(seen)) / len(seen) if seen else 0.0


def _is_whole(path: Path, kind: str) -> bool:
    """Whether the libraries themselves read back what they wrote: some pairs of muxer and codec are accepted, and come out broken."""
    with av.open(str(path)) as made:
        times = [float(packet.pts * packet.time_base) for packet in made.demux(**{kind: 0}) if packet.pts is not None]
    if not times or max(times) > 1.2 * SECONDS:
        return False
    if len(times) > _MANY and (len(set(times)) * 2 <= len(times) or max(times) - min(times) < 0.4 * SECONDS):
        return False
    with av.open(str(path)) as made:
        if kind == "video":
            return right_share(made.decode(video=0)) > 0.6
        return sum(frame.samples / frame.sample_rate for frame in made.decode(audio=0)) >= 0.9 * SECONDS
