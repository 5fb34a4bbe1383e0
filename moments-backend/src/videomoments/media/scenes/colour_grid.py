"""Reduces a picture to a grid of mean colours: camera noise and small movements vanish in a cell's mean. Runs only in the child."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

ROWS, COLUMNS = 18, 32

ColourGrid = npt.NDArray[np.float32]


def colour_grid(frame: VideoFrame) -> ColourGrid:
    """Returns the mean luma and chroma, 0 to 255, of the grid's cells: (3, `ROWS`, `COLUMNS`)."""
    small = frame.reformat(width=COLUMNS, height=ROWS, format="yuv444p", interpolation="AREA")
    return np.stack([_samples(plane) for plane in small.planes]).astype(np.float32)


def difference(first: ColourGrid, second: ColourGrid) -> float:
    """Returns the mean absolute difference, 0 to 255."""
    return float(np.abs(first - second).mean())


def _samples(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """Returns an 8-bit plane as (height, width)."""
    lines: npt.NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]
