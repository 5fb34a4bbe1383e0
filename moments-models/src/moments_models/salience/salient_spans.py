"""Chooses the spans of a recording that are worth most: the moments. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.salience.line_features import ranked
from moments_models.task_blocks import LimitsBlock, LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NATURAL_EDGES = 0.05
"""Marked share by which a span that begins and ends with a thought is better than one that does neither."""
_STEEP, _USUAL = 8.0, 0.35
"""Of the score's curve: people marked 0.35 of the recordings that the scorer learned from."""
_LONGEST = 90.0
"""Seconds of the longest span that is tried: a longer one is hardly ever better by its mean, and all of ten hours are a hundred million."""
_CLEAR = 4
"""Power of a line's rank as a beginning: only the clearest beginnings of a recording count."""


@dataclass(frozen=True, slots=True)
class SalientSpan:
    """Lines [first, last), and how much they are worth, 0 to 1; 0.5 is what the usual part of a recording is worth."""

    first: int
    last: int
    score: float


def most_salient_spans(lines: Sequence[LineBlock], shares: Floats, begins: Floats, limits: LimitsBlock) -> list[SalientSpan]:
    """Returns at most `max_moments` spans within the limits of length, best first. None overlap. What is too short to hold one is one.

    `shares` has per line the share that people are expected to mark; `begins` says, on any scale, how likely a thought begins there.
    """
    clear = _clearness(begins)
    starts, ends = np.array([line.start for line in lines]), np.array([line.end for line in lines])
    marked = np.append(0.0, np.cumsum(shares * (ends - starts)))
    worth, first, last = _candidates(starts, ends, marked, clear, limits)
    if len(worth) == 0:
        return [SalientSpan(0, len(lines), _score(float(marked[-1] / max(ends[-1] - starts[0], 0.01))))]
    taken = np.zeros(len(lines), bool)
    found: list[SalientSpan] = []
    for at in np.lexsort((first - last, -np.round(worth, 6))):  # of equals the longer, then the earlier
        one, end = int(first[at]), int(last[at])
        if taken[one:end].any():
            continue
        taken[one:end] = True
        found.append(SalientSpan(one, end, _score(float(worth[at]))))
        if len(found) == limits.max_moments:
            break
    return found


def _score(worth: float) -> float:
    """Returns a score that uses the whole scale: shares lie between 0.1 and 0.7."""
    return round(1 / (1 + float(np.exp(-_STEEP * (worth - _USUAL)))), 4)


def _clearness(begins: Floats) -> Floats:
    """Returns how clearly a thought begins with each line, 0 to 1, by its rank; behind the last line one surely ends."""
    clear: Floats = np.append((ranked(begins) + 0.5) ** _CLEAR, 1.0)
    clear[0] = 1.0
    return clear


def _candidates(
    starts: Floats, ends: Floats, marked: Floats, clear: Floats, limits: LimitsBlock
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Returns the worth of every span of lines [first, last) that is long enough and not too long, with both."""
    worth, firsts, lasts = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    shortest = np.searchsorted(ends, starts + max(limits.min_duration, 0.01)) + 1
    most_seconds = min(limits.max_duration, max(_LONGEST, 2 * limits.min_duration))
    longest = np.searchsorted(ends, starts + most_seconds, side="right")
    for first in range(len(starts)):
        last = np.arange(max(int(shortest[first]), first + 1), int(longest[first]) + 1)
        if len(last) == 0:
            continue
        inside = np.maximum.accumulate(np.append(0.0, clear[first + 1 : last[-1]]))[last - first - 1]
        edges = clear[first] + clear[last] - inside
        worth.append((marked[last] - marked[first]) / (ends[last - 1] - starts[first]) + _NATURAL_EDGES * edges)
        firsts.append(np.full(len(last), first, np.int64))
        lasts.append(last)
    return np.concatenate(worth), np.concatenate(firsts), np.concatenate(lasts)
