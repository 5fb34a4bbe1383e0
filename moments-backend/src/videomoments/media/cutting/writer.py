"""Writes one clip: encodes video and audio into MP4. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudio
from av.codec.context import ThreadType
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.reading.opening import codec_threads, url_of

# MPEG's clock: a picture at 24, 25, 29.97, 30, 50 or 60 a second lasts a whole number of its ticks.
CLOCK = 90_000
# Times full scale. Converters overshoot by a little, but never by this.
_LOUDEST = 16.0
_FLOATS = {"flt": "f4", "fltp": "f4", "dbl": "f8", "dblp": "f8"}
AAC_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is encoded. With `edit_list` False nothing is hidden, for decoders that don't know edit lists.

    `audio_rate` is bits per second of one channel.
    """

    options: tuple[tuple[str, str], ...]
    audio_rate: int
    most_channels: int
    edit_list: bool
    keyframe_seconds: float


class ClipWriter:
    """Writes one MP4 file. Times are seconds after the clip's start; audio blocks must come in order, as `PlacedAudio` yields them."""

    def __init__(self, target: Path, encoding: Encoding, container_format: str = "mp4") -> None:
        self._encoding = encoding
        # Reordered pictures begin at 0 without an edit list: only the audio's priming needs one.
        options = {"movflags": "+faststart+negative_cts_offsets"}
        if not encoding.edit_list:
            options["use_editlist"] = "0"
        self._out = av.open(url_of(target), "w", format=container_format, options=options)
        self._video: AvVideo | None = None
        self._audio: AvAudio | None = None
        self._encoded: list[AvVideo | AvAudio] = []
        self._durations: dict[int, int] = {}

    def with_video(self, width: int, height: int, fps: float) -> None:
        rate = Fraction(fps).limit_denominator(1001)
        stream = self._out.add_stream("libx264", rate=rate, options=dict(self._encoding.options))
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, CLOCK)
        context.gop_size = max(1, round(fps * self._encoding.keyframe_seconds))
        context.thread_count = codec_threads(width * height)
        # PyAV's default, slices, costs quality and a third of the speed.
        context.thread_type = ThreadType.FRAME
        self._video = stream
        self._encoded.append(stream)

    def with_packets(self, like: AvVideo, parameter_sets: bytes) -> None:
        """Adds a video track for packets of a codec and shape `like` this stream's, with other `parameter_sets` (its extradata)."""
        stream = self._out.add_stream_from_template(like)
        stream.codec_context.extradata = parameter_sets
        stream.time_base = like.time_base
        self._video = stream

    def with_audio(self, rate: int, channels: int) -> None:
        known = rate if rate in AAC_RATES else 48_000
        count = min(channels, self._encoding.most_channels)
        # The other coder takes three times as long, and at these rates they sound alike. It cost more than everything else in a joined
        # clip.
        stream = self._out.add_stream("aac", rate=known, options={"aac_coder": "fast"})
        context = stream.codec_context
        context.layout = "stereo" if count > 1 else "mono"
        context.bit_rate = self._encoding.audio_rate * (2 if count > 1 else 1)
        self._audio = stream
        self._encoded.append(stream)

    def like(self, frame: VideoFrame) -> None:
        """Copies the colour properties of the first picture. Call it before anything is written: the first packet fixes the header."""
        assert self._video is not None
        context = self._video.codec_context
        context.colorspace, context.color_primaries, context.color_trc = frame.colorspace, frame.color_primaries, frame.color_trc
        context.color_range = frame.color_range

    def picture(self, frame: VideoFrame, at: float, duration: float) -> None:
        assert self._video is not None
        context = self._video.codec_context
        # The encoder would take the decoder's picture types as orders.
        frame.pict_type = PictureType.NONE
        frame.pts, frame.time_base = round(at * CLOCK), Fraction(1, CLOCK)
        self._durations[frame.pts] = round((at + duration) * CLOCK) - frame.pts
        self._mux(context.encode(frame), self._video)

    def packet(self, packet: Packet[Stream]) -> None:
        """Writes one video packet, in decoding order."""
        assert self._video is not None
        packet.stream = self._video
        put(self._out, packet)

    def sound(self, block: AudioFrame) -> None:
        assert self._audio is not None
        self._mux(self._audio.codec_context.encode(finite(block)), self._audio)

    def close(self) -> None:
        """Ends the file. Raises what the muxer raises: a full disk is noticed here."""
        for stream in self._encoded:
            self._mux(stream.codec_context.encode(None), stream)
        self._out.close()

    def _mux(self, packets: list[Packet[Stream]], stream: AvVideo | AvAudio) -> None:
        for packet in packets:
            packet.stream = stream
            if stream is self._video and packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration or 0)
            elif stream is self._audio and not self._encoding.edit_list and packet.pts is not None and packet.pts < 0:
                # The encoder's own priming packet: without an edit list it would delay everything else.
                continue
            put(self._out, packet)


def put(out: OutputContainer, packets: Packet[Stream] | Sequence[Packet[Stream]]) -> None:
    """Writes the packets. Raises `UnsupportedMedia` where the container does not accept such packets or times: they come from the
    source."""
    try:
        out.mux(packets)
    except (av.error.ArgumentError, av.error.InvalidDataError) as error:
        # FFmpeg's text names the file, so it is not used.
        raise UnsupportedMedia(
            "The times of its pictures or its sound make no sense here.", code="damaged", advice="Export the file again."
        ) from error


def finite(block: AudioFrame) -> AudioFrame:
    """Returns the block without NaNs and samples far beyond full scale, which files of floats may hold and the AAC encoder refuses."""
    kind = _FLOATS.get(block.format.name)
    if kind is None:
        return block
    for plane in block.planes:
        samples = np.frombuffer(memoryview(plane), kind)
        if not (np.abs(samples) < _LOUDEST).all():
            plane.update(np.nan_to_num(samples, nan=0.0).clip(-_LOUDEST, _LOUDEST).astype(kind).tobytes())
    return block


class Soundtrack:
    """Feeds a writer with as much audio as the times of its pictures need."""

    def __init__(self, blocks: Iterator[AudioFrame] | None, writer: ClipWriter) -> None:
        self._blocks = blocks or iter(())
        self._writer = writer
        self._heard = 0.0

    def until(self, at: float) -> None:
        """Writes the audio up to `at` seconds at least."""
        while self._heard <= at:
            block = next(self._blocks, None)
            if block is None:
                return
            self._heard = float(((block.pts or 0) + block.samples) * (block.time_base or 0))
            self._writer.sound(block)

    def rest(self) -> None:
        """Writes the rest of the audio."""
        for block in self._blocks:
            self._writer.sound(block)


def interleave(pictures: Iterator[tuple[VideoFrame, float, float]], blocks: Iterator[AudioFrame] | None, writer: ClipWriter) -> int:
    """Feeds a writer with pictures and their audio. Returns the number of pictures."""
    count = 0
    sound = Soundtrack(blocks, writer)
    for frame, at, duration in pictures:
        if count == 0:
            writer.like(frame)
        sound.until(at)
        writer.picture(frame, at, duration)
        count += 1
    sound.rest()
    return count
