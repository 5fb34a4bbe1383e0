"""A picture as a grid of mean colours: camera noise and small movements vanish in a cell's mean. In the child only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

ROWS, COLUMNS = 18, 32
# Of the pixel rows of an upper part every so many are read.
_READ = 4

ColourGrid = npt.NDArray[np.float32]


def colour_grid(frame: VideoFrame) -> ColourGrid:
    """Mean luma and chroma, 0 to 255, of the grid's cells: (3, `ROWS`, `COLUMNS`)."""
    small = frame.reformat(width=COLUMNS, height=ROWS, format="yuv444p", interpolation="AREA")
    return np.stack([samples(plane) for plane in small.planes]).astype(np.float32)


def upper_colour_grid(frame: VideoFrame, rows: int) -> ColourGrid:
    """The same of the grid's upper rows, (3, `rows`, `COLUMNS`), of a planar 8-bit 4:2:0 frame; what is below is not read."""
    return np.stack([_means(samples(plane), rows) for plane in frame.planes]).astype(np.float32)


def difference(first: ColourGrid, second: ColourGrid) -> float:
    """Mean absolute difference, 0 to 255, of the rows that both have."""
    rows = min(first.shape[1], second.shape[1])
    return float(np.abs(first[:, :rows] - second[:, :rows]).mean())


def samples(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """An 8-bit plane's (height, width), to be read and written in place."""
    lines: npt.NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def _means(plane: npt.NDArray[np.uint8], rows: int) -> npt.NDArray[np.float64]:
    height, width = plane.shape
    edges = np.arange(ROWS + 1) * height // ROWS
    lefts = np.arange(COLUMNS + 1) * width // COLUMNS
    lines = np.stack([plane[top:bottom:_READ].mean(axis=0) for top, bottom in pairwise(edges[: rows + 1])])
    means: npt.NDArray[np.float64] = np.add.reduceat(lines, lefts[:-1], axis=1) / np.diff(lefts)
    return means
