"""The upper part of a keyframe, from the first part of its packet: what a picture's decoding costs grows with its bytes. In the child only.

H.264 only, whose slices are decoded row by row from the top, and whose decoder can be told to leave the rest of a cut-off picture alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import av
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from videomoments.media.reading.h264 import first_part, length_size
from videomoments.media.reading.packets import decode
from videomoments.media.scenes.colour_grid import samples

# Share of the bytes that is decoded.
_SHARE = 0.2
_FORMATS = ("yuv420p", "yuvj420p")
# Pixels: a glimpse of a smaller picture saves nothing.
_SMALLEST = 128
# Samples at the right edge, of luma and chroma: those of the macroblock that is decoded last.
_EDGES = (16, 8)


def can_glimpse(context: VideoCodecContext) -> bool:
    """Whether a packet's first part shows the picture's upper part, and is worth it."""
    return context.name == "h264" and _suits(context.pix_fmt, context.width, context.height)


def _suits(pixels: str | None, width: int, height: int) -> bool:
    return pixels in _FORMATS and min(width, height) >= _SMALLEST


class Glimpses:
    """Upper parts of one stream's keyframes."""

    def __init__(self, context: VideoCodecContext) -> None:
        self._extradata = context.extradata
        self._length_size = length_size(self._extradata)
        self._decoder: VideoCodecContext | None = None

    @contextmanager
    def upper(self, keyframe: Packet[Stream]) -> Iterator[tuple[VideoFrame, int] | None]:
        """The picture and how many of its luma rows were decoded, from the top; None where there is nothing to be seen.

        The rows below hold what was there before. The picture is the caller's for as long as the block lasts. With CAVLC some blocks are
        a little off, less than a level in the mean: a decoder adds to them what it had read of the block that the last packet ended in.
        """
        decoder = self._decoder or self._opened()
        packet = Packet(first_part(memoryview(keyframe), int(keyframe.size * _SHARE), self._length_size))
        frames = (decode(decoder, packet) or []) + (decode(decoder, None) or [])
        decoder.flush_buffers()
        # What a decoder did not give out can't be marked, and it would write the next picture there.
        self._decoder = decoder if len(frames) == 1 else None
        # A stream's pictures may change in kind.
        if len(frames) != 1 or not _suits(frames[0].format.name, frames[0].width, frames[0].height):
            yield None
            return
        edges = [samples(plane)[:, -width:] for plane, width in zip(frames[0].planes[:2], _EDGES, strict=True)]
        # The last row is surely not decoded. One that looks like it may not be.
        ends = np.hstack([edges[0][::2], edges[1]])
        yield frames[0], 2 * int(np.argmax((ends == ends[-1]).all(axis=1)))
        # Where a decoder wrote nothing there is zero, or grey in a picture that is no IDR, or what was there when it last used the same
        # memory: that must not be a picture.
        for edge in edges:
            edge[:] = 0

    def _opened(self) -> VideoCodecContext:
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.extradata, decoder.thread_count = self._extradata, 1
        decoder.skip_frame = "NONKEY"
        decoder.options = {"skip_loop_filter": "all", "ec": "0"}
        return decoder
