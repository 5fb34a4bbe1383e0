"""Scores queries: was the stretch that answers a wish found? Metrics of QVHighlights (Lei and others, 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from videomoments.core.times import Interval

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
MAX_SPANS = 10
"""Spans of an answer that count, as in QVHighlights."""


@dataclass(frozen=True, slots=True)
class QueryScores:
    """One query's scores, 0 to 1; higher is better. `r1_50`: the first span overlaps a true one with IoU 0.5; `map_avg`: mean over 0.5 to
    0.95."""

    r1_50: float
    r1_70: float
    miou: float
    map_50: float
    map_70: float
    map_avg: float


def score_query(truth: Sequence[Interval], found: Sequence[Interval]) -> QueryScores:
    """Returns the scores of spans, best first, against the true ones, of which there is at least one."""
    first = max((found[0].iou(span) for span in truth), default=0.0) if found else 0.0
    precisions = {threshold: average_precision(truth, found, threshold) for threshold in THRESHOLDS}
    return QueryScores(
        r1_50=float(first >= 0.5),
        r1_70=float(first >= 0.7),
        miou=first,
        map_50=precisions[0.5],
        map_70=precisions[0.7],
        map_avg=float(np.mean(list(precisions.values()))),
    )


def average_precision(truth: Sequence[Interval], found: Sequence[Interval], threshold: float) -> float:
    """Returns the interpolated average precision of `found`, best first. A span is a hit when the true span that it overlaps most, of those
    not yet taken, has an IoU of at least `threshold`."""
    taken: set[int] = set()
    precisions: list[float] = []  # at each hit
    for rank, span in enumerate(found[:MAX_SPANS], 1):
        candidates = [(span.iou(true), index) for index, true in enumerate(truth) if index not in taken]
        overlap, index = max(candidates, default=(0.0, -1))
        if overlap >= threshold:
            taken.add(index)
            precisions.append(len(taken) / rank)
    # Interpolation takes at each recall the best precision at that recall or a higher one.
    best = np.maximum.accumulate(precisions[::-1])[::-1] if precisions else np.zeros(0)
    return float(best.sum() / len(truth))
