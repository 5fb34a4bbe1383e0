"""Where one topic ends and the next begins, from sentence embeddings, pauses and cue phrases. Pure functions on arrays.

The evidence for a boundary before a line is how much less the text before resembles the text after than nearby text resembles
each other (the depth score of TextTiling, Hearst 1997, on embeddings and at several scales), how long nobody speaks, and whether
the line begins as new topics do. Dynamic programming then chooses the set of boundaries that has most evidence under a prior on
lengths; the number of topics follows from the data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from moments_models.tasks import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SCALES = (3, 6, 12, 24)
_CUE = re.compile(
    r"^(so|okay|ok|now|next|alright|all right|let's|let us|moving on|another|first(ly)?|second(ly)?|third(ly)?|finally|lastly|"
    r"last|to (begin|start|conclude|sum up|wrap up)|in conclusion|turning to|on to|coming up|our (first|second|third|next|last))\b",
    re.IGNORECASE,
)
_LONG_PAUSE = 1.2
"""Seconds; what people leave between subjects and not between sentences."""


_MARK, _MARK_REACH = 6.0, 5.0
"""Evidence that a chapter mark adds to the nearest line, and how many seconds away that line may begin."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts, and the prior on lengths."""

    depth: float = 1.0
    pause: float = 0.8
    cue: float = 0.5
    prior: float = 0.8
    spread: float = 0.7
    """Standard deviation of the natural logarithm of a topic's length."""
    cost: float = 0.9
    """Evidence that a boundary needs before it pays, in standard deviations."""


DEFAULT = Weights()


@dataclass(frozen=True, slots=True)
class Topics:
    """`starts`: index of each topic's first line, 0 first. `evidence`: per line, that a topic starts there."""

    starts: tuple[int, ...]
    evidence: Floats
    count: int

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Lines [first, last) of each topic."""
        return list(pairwise((*self.starts, self.count)))


def expected_length(duration: float) -> float:
    """Seconds that a topic usually takes: people divide longer recordings into longer parts (35 s of 150 s, 4 min of an hour)."""
    return float(35.0 * (max(duration, 60.0) / 150.0) ** 0.6)


def find_topics(
    lines: Sequence[Line],
    vectors: NDArray[np.float32],
    *,
    shortest: float = 0.0,
    marks: Sequence[float] = (),
    weights: Weights = DEFAULT,
) -> Topics:
    """Topics of a transcript.

    `vectors`: one unit vector per line; `shortest`: seconds that each topic takes where possible; `marks`: chapter starts that the
    file brought along, in seconds, which are as good as certain.
    """
    count = len(lines)
    if count == 0:
        return Topics((), np.zeros(0), 0)
    starts = np.array([line.start for line in lines])
    ends = np.array([line.end for line in lines])
    evidence = boundary_evidence(lines, vectors, weights)
    for mark in marks:
        nearest = int(np.abs(starts - mark).argmin())
        if nearest and abs(starts[nearest] - mark) <= _MARK_REACH:
            evidence[nearest] += _MARK
    span = float(ends[-1] - starts[0])
    expected = max(expected_length(span), shortest * 1.2)
    chosen = _best_boundaries(starts, ends, evidence, expected=expected, shortest=shortest, weights=weights)
    return Topics(tuple(chosen), evidence, count)


def boundary_evidence(lines: Sequence[Line], vectors: NDArray[np.float32], weights: Weights = DEFAULT) -> Floats:
    """For each line, how much speaks for a topic that starts with it; mean about 0, unit about one standard deviation."""
    depth = _depth(lines, vectors)
    cues = np.array([float(bool(_CUE.match(line.text.strip()))) for line in lines])
    total: Floats = weights.depth * depth + weights.pause * _pauses(lines) + weights.cue * (cues - cues.mean())
    total[0] = 0.0
    return total


def _depth(lines: Sequence[Line], vectors: NDArray[np.float32]) -> Floats:
    count = len(lines)
    size = np.sqrt([max(1, len(line.text.split())) for line in lines])
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors * size[:, None], axis=0)])
    index = np.arange(count)
    scales = [scale for scale in _SCALES if scale * 2 <= count] or [1]
    total = np.zeros(count)
    for scale in scales:
        left = _unit(sums[index] - sums[np.maximum(0, index - scale)])
        right = _unit(sums[np.minimum(count, index + scale)] - sums[index])
        similarity = (left * right).sum(axis=1)
        similarity[0] = similarity[1:].max(initial=0.0)
        total += _standard(_valley(similarity, scale))
    return _standard(total)


def _valley(similarity: Floats, reach: int) -> Floats:
    """How far each value lies under the highest ones within reach on its two sides."""
    padded = np.pad(similarity, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach + 1)
    count = len(similarity)
    left, right = (windows[:count].max(axis=1), windows[reach : reach + count].max(axis=1))
    depths: Floats = (left - similarity) + (right - similarity)
    return depths


def _pauses(lines: Sequence[Line]) -> Floats:
    """Silence before each line against what is usual here: 0 for the usual, 3 at most."""
    gaps = np.array([0.0, *(max(0.0, after.start - before.end) for before, after in pairwise(lines))])
    usual = float(np.median(gaps[1:])) if len(gaps) > 1 else 0.0
    long: Floats = np.clip((gaps - usual) / _LONG_PAUSE - 0.3, 0.0, 3.0)
    return long


def _standard(values: Floats) -> Floats:
    deviation = float(values.std())
    scaled: Floats = (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)
    return scaled


def _unit(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return scaled


def _best_boundaries(starts: Floats, ends: Floats, evidence: Floats, *, expected: float, shortest: float, weights: Weights) -> list[int]:
    """Segmentation of the lines with the highest total of evidence minus cost minus the length prior's surprise."""
    count = len(starts)
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    origin = np.zeros(count + 1, int)
    gain = np.append(evidence - weights.cost, 0.0)
    gain[0] = 0.0
    longest = expected * 8
    for last in range(1, count + 1):
        first = int(np.searchsorted(starts, ends[last - 1] - longest))
        begin = np.arange(min(first, last - 1), last)
        length = np.maximum(ends[last - 1] - starts[begin], 0.1)
        surprise = weights.prior * 0.5 * (np.log(length / expected) / weights.spread) ** 2
        # A topic that is too short is better than none at all, and worse than any other.
        value = best[begin] - surprise - np.where(length < shortest, 1e3, 0.0)
        pick = int(value.argmax())
        best[last] = value[pick] + gain[last]
        origin[last] = begin[pick]
    chosen: list[int] = []
    at = count
    while at > 0:
        at = int(origin[at])
        chosen.append(at)
    return chosen[::-1]
