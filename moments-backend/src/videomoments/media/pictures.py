"""Pictures decoded from any point of a source, and their geometry. In the child only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path

from av.codec.context import ThreadType
from av.container import InputContainer
from av.filter import Graph
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from videomoments.media.dynamic_range import hdr_of, tone_mapping
from videomoments.media.measure import decode, packets_of, rewind, seek
from videomoments.media.opening import check_pixels, codec_threads, only, open_source, stamp, time_base
from videomoments.media.orientation import Orientation
from videomoments.media.types import MediaInfo, VideoStream

# How far back to look for a keyframe, in seconds, when the seek landed after the wanted picture.
_STEPS_BACK = (0.0, 1.0, 5.0, 20.0, 80.0)
_FULL_RANGE = 2
# Decoders that leave out only what nothing ever refers to: with temporal layers, as in HEVC, that is not so.
_TELLS_REFERENCES = ("h264", "mpeg4")


class Pictures:
    """One source's pictures. It has its own container, and can be positioned any number of times.

    `faults` counts packets and frames that did not decode cleanly since the last positioning.
    """

    def __init__(self, path: Path, info: MediaInfo) -> None:
        assert info.video is not None
        self._container = open_source(path)
        stream = self._container.streams[info.video.index]
        assert isinstance(stream, AvVideo)
        self.stream = stream
        self._step = time_base(stream)
        self._zero = round(Fraction(info.start_pts).limit_denominator(10**9) / self._step)
        only(self._container, stream)
        stream.codec_context.thread_count = codec_threads()
        stream.codec_context.thread_type = ThreadType.AUTO
        self.faults = 0
        self._shapers: dict[tuple[int, int, str], Shaper] = {}

    def close(self) -> None:
        self._container.close()

    @contextmanager
    def other(self, index: int) -> Iterator[tuple[InputContainer, Stream]]:
        """The container and another of its streams, which is read instead of the pictures while the block lasts."""
        stream = self._container.streams[index]
        only(self._container, stream)
        try:
            yield self._container, stream
        finally:
            only(self._container, self.stream)

    def shaper(self, video: VideoStream, width: int, height: int, pixel_format: str = "yuv420p") -> Shaper:
        """Kept for all clips of the source: tables for another range of colours take seconds to make."""
        key = (width, height, pixel_format)
        if key not in self._shapers:
            self._shapers[key] = Shaper(video, *key)
        return self._shapers[key]

    def ticks(self, at: float) -> int:
        """Container time of a timeline time."""
        return self._zero + int(Fraction(at) // self._step)

    def seconds(self, ticks: int) -> float:
        """Timeline time of a container time."""
        # The same number as by fractions, for a tenth of their cost.
        return (ticks - self._zero) * self._step.numerator / self._step.denominator

    def packets_from(self, at: float) -> Iterator[Packet[Stream]]:
        """Packets in decoding order, from the last keyframe that is shown at or before `at` seconds."""
        wanted = self.ticks(at)
        for back in _STEPS_BACK:
            seek(self._container, self.stream, self.ticks(at - back))
            packets = packets_of(self._container, self.stream)
            first = self._keyframe(packets)
            # The seek goes by decoding time: a keyframe may be decoded before `at` and shown after it.
            if first is not None and (stamp(first) or 0) <= wanted:
                return chain((first,), packets)
        rewind(self._container, self.stream)
        return packets_of(self._container, self.stream)

    @staticmethod
    def _keyframe(packets: Iterator[Packet[Stream]]) -> Packet[Stream] | None:
        for _, packet in zip(range(1000), packets, strict=False):
            if packet.is_keyframe:
                return packet
        return None

    def frames_from(self, at: float, *, skip: str = "DEFAULT", wanted: float = 0.0) -> Iterator[tuple[float, VideoFrame]]:
        """Frames with their times, from the last keyframe at or before `at` on; `skip` names the frames that need not be decoded.

        Before `wanted` some frames are left out: those nothing depends on, where the codec tells.
        """
        context = self.stream.codec_context
        first = self.ticks(wanted) if context.name in _TELLS_REFERENCES else 0

        def skipping(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
            for packet in packets:
                context.skip_frame = "NONREF" if (stamp(packet) or 0) < first else skip  # type: ignore[assignment]
                yield packet

        return self.decoded(skipping(self.packets_from(at)))

    def decoded(self, packets: Iterable[Packet[Stream]]) -> Iterator[tuple[float, VideoFrame]]:
        """Frames of these packets, with their times."""
        self.faults = 0
        context = self.stream.codec_context
        context.flush_buffers()
        for packet in packets:
            frames = decode(context, packet)
            self.faults += frames is None
            yield from self._timed(frames or [])
        yield from self._timed(decode(context, None) or [])

    def keyframe_before(self, at: float) -> tuple[float, VideoFrame] | None:
        """The last keyframe at or before `at` alone."""
        packet = next(self.packets_from(at), None)
        shown = self.alone(packet) if packet is not None else None
        return shown or next(self.frames_from(at, skip="NONKEY"), None)

    def alone(self, packet: Packet[Stream], *, skip: str = "DEFAULT") -> tuple[float, VideoFrame] | None:
        """A keyframe without what follows it: a decoder that is told that nothing follows holds no picture back."""
        context = self.stream.codec_context
        context.flush_buffers()
        context.skip_frame = skip  # type: ignore[assignment]
        frames = (decode(context, packet) or []) + (decode(context, None) or [])
        context.flush_buffers()
        return next(self._timed(frames), None)

    def _timed(self, frames: list[VideoFrame]) -> Iterator[tuple[float, VideoFrame]]:
        for frame in frames:
            self.faults += frame.is_corrupt
            at = frame.pts if frame.pts is not None else frame.dts
            if at is not None:
                frame.pts, frame.time_base = at, self._step
                yield self.seconds(at), frame


class Shaper:
    """Frames as a player shows them: turned, square pixels, 8 bit, limited range, of one even size whatever the source does in between.

    High dynamic range becomes BT.709.
    """

    def __init__(self, video: VideoStream, width: int, height: int, pixel_format: str = "yuv420p") -> None:
        self.width, self.height = width, height
        self._orientation = Orientation(video.rotation, video.mirrored)
        self._format = pixel_format
        self._graph: Graph | None = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """The frame in its final shape; the same object where there is nothing to do."""
        full_range = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
        same_size = (frame.width, frame.height) == (self.width, self.height)
        hdr = hdr_of(frame)
        if same_size and not self._orientation.filters() and frame.format.name == self._format and not full_range and hdr is None:
            return frame
        kind = (frame.width, frame.height, frame.format.name, full_range, hdr, frame.color_primaries)
        if self._graph is None or self._made_for != kind:
            check_pixels(frame.width, frame.height)
            self._graph, self._made_for = self._build(frame, full_range), kind
        self._graph.vpush(frame)
        shaped = self._graph.vpull()
        shaped.pts, shaped.time_base = frame.pts, frame.time_base
        return shaped

    def _build(self, frame: VideoFrame, full_range: bool) -> Graph:
        graph = Graph()
        nodes = [
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 90_000))
        ]
        swapped = self._orientation.swaps_sides
        inner = (self.height, self.width) if swapped else (self.width, self.height)
        if 0 <= frame.width - inner[0] <= 1 and 0 <= frame.height - inner[1] <= 1:
            # One odd row or column is cut rather than the whole picture resampled.
            nodes.append(graph.add("crop", f"{inner[0]}:{inner[1]}:0:0"))
        else:
            nodes.append(graph.add("scale", f"{inner[0]}:{inner[1]}"))
        nodes += [graph.add(name, arguments or None) for name, arguments in self._orientation.filters()]
        if hdr_of(frame) is not None:
            nodes.append(graph.add("scale", tone_mapping(frame)))
        elif full_range:
            nodes.append(graph.add("scale", "in_range=full:out_range=tv"))
        nodes += [graph.add("format", self._format), graph.add("buffersink")]
        graph.link_nodes(*nodes).configure()
        return graph


def even(size: float) -> int:
    """The even number of pixels at or below `size`, at least 2: 4:2:0 has no odd sizes."""
    return max(2, int(size) // 2 * 2)


def fitted(video: VideoStream, longest: int | None = None, shortest: int | None = None) -> tuple[int, int]:
    """Even display size in pixels, shrunk (never grown) so that its longer side is at most `longest` and its shorter at most `shortest`."""
    width, height = video.display_width, video.display_height
    factor = 1.0
    if longest:
        factor = min(factor, longest / max(width, height))
    if shortest:
        factor = min(factor, shortest / min(width, height))
    return even(width * factor + 1e-6), even(height * factor + 1e-6)
