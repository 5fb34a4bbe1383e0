"""Turns frames into what a player shows, and computes their size. Runs only in the child."""

from __future__ import annotations

from fractions import Fraction

from av.filter import Graph
from av.video.frame import VideoFrame

from videomoments.media.reading.dynamic_range import hdr_of, tone_mapping
from videomoments.media.reading.opening import MAX_PIXELS, MAX_SIDE, check_pixels
from videomoments.media.reading.orientation import Orientation
from videomoments.media.types import VideoStream

_FULL_RANGE = 2


class Shaper:
    """Makes frames as a player shows them: turned, square pixels, 8 bit, limited range, of one even size, even if the source changes.

    High dynamic range becomes BT.709.
    """

    def __init__(self, video: VideoStream, width: int, height: int, pixel_format: str = "yuv420p") -> None:
        self.width, self.height = width, height
        self._orientation = Orientation(video.rotation, video.mirrored)
        self._format = pixel_format
        self._graph: Graph | None = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Returns the frame in its final shape; the same object where there is nothing to do."""
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
            # One odd row or column is cropped, so that the whole picture need not be resampled.
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
    """Returns the even number of pixels at or below `size`, at least 2: 4:2:0 has no odd sizes."""
    return max(2, int(size) // 2 * 2)


def fitted(video: VideoStream, longest: int | None = None, shortest: int | None = None) -> tuple[int, int]:
    """Returns the even display size in pixels, shrunk (never grown) so that its longer side is at most `longest` and its shorter at most
    `shortest`.

    Wide pixels never make it larger than a source may be.
    """
    width, height = video.display_width, video.display_height
    factor = min(1.0, MAX_SIDE / max(width, height), (MAX_PIXELS / (width * height)) ** 0.5)
    if longest:
        factor = min(factor, longest / max(width, height))
    if shortest:
        factor = min(factor, shortest / min(width, height))
    return even(width * factor + 1e-6), even(height * factor + 1e-6)
