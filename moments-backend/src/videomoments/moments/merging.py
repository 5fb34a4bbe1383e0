"""Removes duplicate moments: windows overlap, and models repeat themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from videomoments.core.times import Interval
from videomoments.moments.parsing import Candidate

DUPLICATE_IOU = 0.5


def by_merit(candidate: Candidate) -> tuple[bool, float, bool, float, float]:
    """Returns a sort key: best score first, those without a score last; among equals confident ones first, then the earlier, then the
    shorter. Equal input gives equal output."""
    return (candidate.score is None, -(candidate.score or 0.0), candidate.doubtful, candidate.start, candidate.end)


def deduplicate(candidates: Iterable[Candidate], iou: float = DUPLICATE_IOU) -> list[Candidate]:
    """Returns the best-scored candidate of each stretch, best first. Candidates are the same stretch from an intersection over union of
    `iou` on."""
    distinct: list[Candidate] = []
    for candidate in sorted(candidates, key=by_merit):
        if all(candidate.interval.iou(other.interval) < iou for other in distinct):
            distinct.append(candidate)
    return distinct


def best_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Orders candidates by score. Equals are spread over the recording, so that a limit does not leave its beginning alone.

    Models grade in round numbers, or not at all. Equals are taken in the order of a van der Corput sequence: first, middle, quarters, …
    """
    ordered = sorted(candidates, key=by_merit)
    result: list[Candidate] = []
    for _, group in groupby(ordered, key=lambda candidate: (candidate.score, candidate.doubtful)):
        equals = list(group)
        bits = max(1, (len(equals) - 1).bit_length())
        result += [equals[index] for index in sorted(range(len(equals)), key=lambda index: int(f"{index:0{bits}b}"[::-1], 2))]
    return result


def free_stretch(interval: Interval, taken: Sequence[Interval]) -> Interval:
    """Returns the longest part of `interval` that no interval of `taken` overlaps; its duration is 0 when nothing is free."""
    best, position = Interval(interval.start, interval.start), interval.start
    for other in sorted((item.clamped(interval.start, interval.end) for item in taken), key=lambda item: item.start):
        if other.duration <= 0:
            continue
        if other.start - position > best.duration:
            best = Interval(position, other.start)
        position = max(position, other.end)
    return Interval(position, interval.end) if interval.end - position > best.duration else best
