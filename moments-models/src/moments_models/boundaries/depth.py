"""Finds where topics change in a few minutes of text, without training: by how deep similarity falls, and cue words. Pure functions.

The scorer was trained on recordings of at least a quarter of an hour; in shorter ones topics are short and unlike chapters. The evidence is
how much less the text before a line resembles the text after it than nearby text resembles each other: the depth score of TextTiling
(Hearst, 1997), on embeddings and at several scales.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from moments_models.boundaries.features import unit
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SCALES = (3, 6, 12, 24)
_CUE = re.compile(
    r"^(so|okay|ok|now|next|alright|all right|let's|let us|moving on|another|first(ly)?|second(ly)?|third(ly)?|finally|lastly|"
    r"last|to (begin|start|conclude|sum up|wrap up)|in conclusion|turning to|on to|coming up|our (first|second|third|next|last))\b",
    re.IGNORECASE,
)
_CUE_WEIGHT = 0.5
_COST = 0.9
"""Standard deviations that a boundary must stand out by."""


def depth_evidence(lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Floats:
    """Returns the evidence that a topic starts with each line. It is above 0 where a boundary pays; the unit is about one standard
    deviation."""
    cues = np.array([float(bool(_CUE.match(line.text.strip()))) for line in lines])
    found: Floats = _depth(lines, vectors) + _CUE_WEIGHT * (cues - cues.mean()) - _COST
    return found


def _depth(lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Floats:
    count = len(lines)
    size = np.sqrt([max(1, len(line.text.split())) for line in lines])
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors * size[:, None], axis=0)])
    index = np.arange(count)
    scales = [scale for scale in _SCALES if scale * 2 <= count] or [1]
    total = np.zeros(count)
    for scale in scales:
        left = unit(sums[index] - sums[np.maximum(0, index - scale)])
        right = unit(sums[np.minimum(count, index + scale)] - sums[index])
        similarity = (left * right).sum(axis=1)
        similarity[0] = similarity[1:].max(initial=0.0)
        total += _standard(_valley(similarity, scale))
    return _standard(total)


def _valley(similarity: Floats, reach: int) -> Floats:
    """Returns how far each value is below the highest ones within reach, summed over both sides."""
    padded = np.pad(similarity, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach + 1)
    count = len(similarity)
    left, right = (windows[:count].max(axis=1), windows[reach : reach + count].max(axis=1))
    depths: Floats = (left - similarity) + (right - similarity)
    return depths


def _standard(values: Floats) -> Floats:
    deviation = float(values.std())
    scaled: Floats = (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)
    return scaled
