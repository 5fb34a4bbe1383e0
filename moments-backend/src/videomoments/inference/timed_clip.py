"""Draws a small clip in which something happens at a known time, to test whether a model watches video."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

WIDTH, HEIGHT, FPS = 320, 240, 8
_RED, _GREY = (81, 90, 240), (110, 128, 128)  # Y, Cb, Cr


@dataclass(frozen=True, slots=True)
class TimedClip:
    """An MP4 file whose picture is grey, and red from `start` to `end`, in seconds."""

    data: bytes
    duration: float
    start: float
    end: float

    @property
    def url(self) -> str:
        return "data:video/mp4;base64," + base64.b64encode(self.data).decode()


def draw_timed_clip(duration: float, start: float, end: float) -> TimedClip:
    """Returns a clip of a few tens of kilobytes, without audio. Its times are those of the nearest frames. Takes about 50 ms."""
    import av

    first, last = round(start * FPS), round(end * FPS)
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(round(duration * FPS)):
            frame = _frame(_RED if first <= number < last else _GREY, number)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return TimedClip(target.getvalue(), duration, first / FPS, last / FPS)


def _frame(colour: tuple[int, int, int], number: int) -> av.VideoFrame:
    """Returns a frame of one colour with a bar that moves, so that no two frames are equal."""
    import av
    import numpy as np

    luma, *chroma = (np.full((HEIGHT // size, WIDTH // size), value, np.uint8) for size, value in zip((1, 2, 2), colour, strict=True))
    left = number * 4 % (WIDTH - 16)
    luma[HEIGHT - 16 :, left : left + 16] = 200
    planes = np.concatenate([luma.reshape(-1), *(plane.reshape(-1) for plane in chroma)])
    return av.VideoFrame.from_ndarray(planes.reshape(HEIGHT * 3 // 2, WIDTH), format="yuv420p")
