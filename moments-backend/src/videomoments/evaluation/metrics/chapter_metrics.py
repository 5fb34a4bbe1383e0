"""Scores chapters: where boundaries lie, and which chapters were found.

A recording's chapters are given by their starts; they tile it from 0 to its end, for humans and models alike. A start within the first
second is no boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from videomoments.core.times import Interval

_NO_BOUNDARY = 1.0


@dataclass(frozen=True, slots=True)
class ChapterScores:
    """One recording's scores. Lower is better for Pk and WindowDiff, higher for the others. `count` is found over human chapters; 1 is
    right."""

    pk: float
    window_diff: float
    f1_10: float
    f1_30: float
    recall_50: float
    recall_70: float
    precision_50: float
    count: float


def score_chapters(truth: Sequence[float], found: Sequence[float], duration: float) -> ChapterScores | None:
    """Returns the scores of found starts against human ones, both in seconds, or None where humans set no boundary."""
    human, ours = boundaries(truth, duration), boundaries(found, duration)
    if not human:
        return None
    pk, window_diff = pk_and_window_diff(human, ours, duration)
    human_spans, our_spans = tiling(human, duration), tiling(ours, duration)
    iou = np.array([[one.iou(other) for other in our_spans] for one in human_spans])
    best_for_human, best_for_ours = iou.max(axis=1), iou.max(axis=0)
    return ChapterScores(
        pk=pk,
        window_diff=window_diff,
        f1_10=boundary_f1(human, ours, 10.0),
        f1_30=boundary_f1(human, ours, 30.0),
        recall_50=float((best_for_human >= 0.5).mean()),
        recall_70=float((best_for_human >= 0.7).mean()),
        precision_50=float((best_for_ours >= 0.5).mean()),
        count=len(our_spans) / len(human_spans),
    )


def boundaries(starts: Sequence[float], duration: float) -> list[float]:
    """Returns the starts that divide the recording, sorted, each once."""
    return sorted({start for start in starts if _NO_BOUNDARY < start < duration})


def tiling(inner: Sequence[float], duration: float) -> list[Interval]:
    """Returns the stretches between boundaries, from 0 to the end."""
    return [Interval(start, end) for start, end in pairwise([0.0, *inner, duration])]


def boundary_f1(truth: Sequence[float], found: Sequence[float], tolerance: float) -> float:
    """Returns the F1 of boundaries. Each is matched at most once, to one at most `tolerance` seconds away, with as many matches as
    possible.

    Taking the first that fits, in order, is optimal on a line.
    """
    hits = at = 0
    ours = sorted(found)
    for boundary in sorted(truth):
        while at < len(ours) and ours[at] < boundary - tolerance:
            at += 1
        if at < len(ours) and ours[at] <= boundary + tolerance:
            hits += 1
            at += 1
    return 2 * hits / (len(truth) + len(ours)) if truth or ours else 1.0


def pk_and_window_diff(truth: Sequence[float], found: Sequence[float], duration: float) -> tuple[float, float]:
    """Returns Pk (Beeferman and others, 1999) and WindowDiff (Pevzner and Hearst, 2002) on a grid of 1 s.

    A window is half as long as the mean human chapter. Pk is the share of windows in which only one side has a boundary; WindowDiff is the
    share in which their numbers differ.
    """
    length = int(duration)
    window = max(2, int(length / (len(truth) + 1) / 2))
    if length <= window:
        return 0.0, 0.0
    human, ours = (_within_windows(side, length, window) for side in (truth, found))
    return float(((human == 0) != (ours == 0)).mean()), float((human != ours).mean())


def _within_windows(marks: Sequence[float], length: int, window: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Returns the number of boundaries in each window (second `i`, `i + window`]."""
    grid = np.zeros(length + 1, np.int64)
    for mark in marks:
        grid[min(length, int(mark))] += 1
    sums = np.cumsum(grid)
    at = np.arange(length - window)
    counts: np.ndarray[tuple[int], np.dtype[np.int64]] = sums[at + window] - sums[at]
    return counts
