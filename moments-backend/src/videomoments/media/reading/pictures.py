"""Decodes pictures from any point of a source. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain
from pathlib import Path

from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from videomoments.media.reading.opening import codec_threads
from videomoments.media.reading.packets import decode, decoder_of, only, stamp, time_base
from videomoments.media.reading.reader import STEPS_BACK, Track
from videomoments.media.reading.shaping import Shaper
from videomoments.media.types import MediaInfo, VideoStream

# Decoders that skip only pictures that nothing refers to. With temporal layers, as in HEVC, that is not so.
_TELLS_REFERENCES = ("h264", "mpeg4")


# Containers that store when a picture is decoded, not when it is shown, and codecs that show pictures in another order, one for each
# packet.
_WITHOUT_ORDER = ("avi", "mxf")
_REORDERING = ("h264", "hevc")


class Pictures:
    """Decodes one source's pictures. It has its own container, and can seek any number of times.

    `faults` counts packets and frames that did not decode cleanly since the last seek.
    """

    def __init__(self, path: Path, info: MediaInfo) -> None:
        assert info.video is not None
        self._track = Track(path, info.video.index, info.clock.pictures if info.clock else (), _ready)
        self._step = time_base(self.stream)
        self._zero = round(Fraction(info.start_pts).limit_denominator(10**9) / self._step)
        # Nothing decodes before it.
        self._first = self._zero + round(Fraction(info.video.start) / self._step)
        self.faults = 0
        self._in_order = self._track.container.format.name in _WITHOUT_ORDER and self.stream.codec_context.name in _REORDERING
        self._shapers: dict[tuple[int, int, str], Shaper] = {}

    @property
    def stream(self) -> AvVideo:
        """Returns the stream of the file's first piece, where its clock starts again."""
        stream: AvVideo = self._track.stream
        return stream

    def close(self) -> None:
        self._track.close()

    @contextmanager
    def other(self, index: int) -> Iterator[tuple[InputContainer, Stream]]:
        """Yields the container and another of its streams, which is read instead of the video while the block lasts."""
        container = self._track.container
        stream = container.streams[index]
        only(container, stream)
        try:
            yield container, stream
        finally:
            only(container, self.stream)

    def shaper(self, video: VideoStream, width: int, height: int, pixel_format: str = "yuv420p") -> Shaper:
        """Returns a shaper that is reused for all clips of the source: tables for another colour range take seconds to make."""
        key = (width, height, pixel_format)
        if key not in self._shapers:
            self._shapers[key] = Shaper(video, *key)
        return self._shapers[key]

    def ticks(self, at: float) -> int:
        """Returns the container time, in ticks, of a timeline time in seconds."""
        return self._zero + int(Fraction(at) // self._step)

    def seconds(self, ticks: int) -> float:
        """Returns the timeline time, in seconds, of a container time in ticks."""
        # The same number as with fractions, at a tenth of their cost.
        return (ticks - self._zero) * self._step.numerator / self._step.denominator

    def is_shown(self, ticks: int) -> bool:
        """Returns whether there is a picture at that container time: there is none before the first one that decodes."""
        return ticks >= self._first

    def packets_from(self, at: float) -> Iterator[Packet[Stream]]:
        """Yields packets in decoding order, from the last keyframe that is shown at or before `at` seconds, or from the first one."""
        wanted = max(self.ticks(at), self._first)
        for back in STEPS_BACK:
            packets = self._track.around(wanted - round(Fraction(back) / self._step))
            first = self._keyframe(packets)
            # A seek uses decoding times: a keyframe may be decoded before `at` and shown after it.
            if first is not None and (stamp(first) or 0) <= wanted:
                return chain((first,), packets)
        return self._track.from_start()

    @staticmethod
    def _keyframe(packets: Iterator[Packet[Stream]]) -> Packet[Stream] | None:
        for _, packet in zip(range(1000), packets, strict=False):
            if packet.is_keyframe:
                return packet
        return None

    def frames_from(self, at: float, *, skip: str = "DEFAULT", wanted: float = 0.0) -> Iterator[tuple[float, VideoFrame]]:
        """Yields frames with their times in seconds, from the last keyframe at or before `at` on. `skip` names the frames that need not be
        decoded.

        Before `wanted`, frames that nothing depends on are left out, where the codec marks them.
        """
        first = self.ticks(wanted) if self.stream.codec_context.name in _TELLS_REFERENCES else -(1 << 62)
        if self._in_order:
            # Where pictures get their times by order, each packet has to give its picture.
            first, skip = -(1 << 62), "DEFAULT" if skip == "NONREF" else skip

        def skipping(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
            for packet in packets:
                decoder_of(packet).skip_frame = "NONREF" if (stamp(packet) or 0) < first else skip
                yield packet

        return self.decoded(skipping(self.packets_from(at)))

    def decoded(self, packets: Iterable[Packet[Stream]]) -> Iterator[tuple[float, VideoFrame]]:
        """Yields the frames of these packets, with their times in seconds."""
        self.faults = 0
        context: VideoCodecContext | None = None
        order: list[int] = []
        for packet in packets:
            own: VideoCodecContext = decoder_of(packet)
            if own is not context:
                # Each piece has its own decoder.
                yield from self._timed(decode(context, None) or [] if context is not None else [], order)
                context = own
                context.flush_buffers()
            if self._in_order:
                heappush(order, stamp(packet) or 0)
            frames = decode(context, packet)
            self.faults += frames is None
            yield from self._timed(frames or [], order)
        yield from self._timed(decode(context, None) or [] if context is not None else [], order)

    def keyframe_before(self, at: float) -> tuple[float, VideoFrame] | None:
        """Returns only the last keyframe at or before `at`, with its time, or None."""
        packet = next(self.packets_from(at), None)
        shown = self._alone(packet) if packet is not None else None
        return shown or next(self.frames_from(at, skip="NONKEY"), None)

    def _alone(self, packet: Packet[Stream]) -> tuple[float, VideoFrame] | None:
        """Decodes a keyframe without the packets after it: a decoder that is flushed holds no picture back."""
        context = decoder_of(packet)
        context.flush_buffers()
        context.skip_frame = "DEFAULT"
        frames: list[VideoFrame] = (decode(context, packet) or []) + (decode(context, None) or [])
        context.flush_buffers()
        return next(self._timed(frames), None)

    def _timed(self, frames: list[VideoFrame], order: list[int] | None = None) -> Iterator[tuple[float, VideoFrame]]:
        """Yields frames with their times. `order` is a heap of the times of the packets so far; each picture takes the earliest that is
        left."""
        for frame in frames:
            self.faults += frame.is_corrupt
            at = heappop(order) if order else frame.pts if frame.pts is not None else frame.dts
            if at is not None:
                frame.pts, frame.time_base = at, self._step
                yield self.seconds(at), frame


def _ready(stream: AvVideo) -> None:
    stream.codec_context.thread_count = codec_threads(stream.codec_context.width * stream.codec_context.height)
    stream.codec_context.thread_type = ThreadType.AUTO
