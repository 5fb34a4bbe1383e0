"""TextTiling (Hearst, 1997) on the sentence embeddings that `extractive` uses: the plain method on the same input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from videomoments.core.times import Interval
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of
from videomoments.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_BLOCK = 20
"""Lines on each side that are compared."""
_SMOOTH = 2
"""Lines on each side over which similarity is averaged."""
_DEEP = 1.0
"""Standard deviations above the mean depth. Hearst's half below it divides speech eight times too often: a fair rival is a tuned one."""


def texttiling(recordings: Sequence[EvaluatedRecording], embed: Embed, on_progress: Callable[[int, int, str], None]) -> Predictions:
    """Predicts boundaries at the deepest minima of similarity. A query gets the ten parts that resemble it most, the best first."""
    found = Predictions("TextTiling")
    for number, recording in enumerate(recordings, 1):
        lines = lines_of(recording)
        vectors = np.asarray(embed([line.text for line in lines]), np.float64)
        firsts = [0, *deep_valleys(vectors)]
        found.starts[recording.id] = [lines[first].start for first in firsts]
        ends = [*firsts[1:], len(lines)]
        tiles = [Interval(lines[first].start, lines[last - 1].end) for first, last in zip(firsts, ends, strict=True)]
        centres = np.array([_unit(vectors[first:last].sum(axis=0)) for first, last in zip(firsts, ends, strict=True)])
        for query in recording.queries:
            order = np.argsort(-(centres @ np.asarray(embed([query.query]), np.float64)[0]), kind="stable")
            found.spans[recording.id, query.query] = [tiles[index] for index in order[:10]]
        on_progress(number, len(recordings), recording.id)
    return found


def deep_valleys(vectors: NDArray[np.float64]) -> list[int]:
    """Returns the lines before which similarity has a local minimum that lies deep below the peaks on its two sides."""
    count = len(vectors)
    if count < 3:
        return []
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors, axis=0)])
    at = np.arange(1, count)
    before = _unit(sums[at] - sums[np.maximum(0, at - _BLOCK)])
    after = _unit(sums[np.minimum(count, at + _BLOCK)] - sums[at])
    width = 2 * _SMOOTH + 1
    similarity = np.convolve(np.pad((before * after).sum(axis=1), _SMOOTH, mode="edge"), np.full(width, 1 / width), mode="valid")
    depth = np.array([_climb(similarity, index, -1) + _climb(similarity, index, 1) - 2 * similarity[index] for index in range(count - 1)])
    threshold = depth.mean() + _DEEP * depth.std()
    inner = range(1, count - 2)
    return [int(at[i]) for i in inner if similarity[i] <= min(similarity[i - 1], similarity[i + 1]) and depth[i] > threshold]


def _climb(similarity: NDArray[np.float64], index: int, step: int) -> float:
    """Returns the similarity of the peak that is reached by going uphill from a minimum."""
    while 0 <= index + step < len(similarity) and similarity[index + step] >= similarity[index]:
        index += step
    return float(similarity[index])


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return scaled
