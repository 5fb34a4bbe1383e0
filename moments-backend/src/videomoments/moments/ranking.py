"""Chooses the candidates that become moments, and orders them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from videomoments.core.times import Interval
from videomoments.moments.lines import Line
from videomoments.moments.merging import best_first, deduplicate, free_stretch
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import Candidate
from videomoments.moments.snapping import Snapper
from videomoments.moments.title_cleaning import title_from_line

# A candidate of which less than this share is left beside better ones is dropped.
_MIN_KEPT = 0.6


def rank(candidates: Iterable[Candidate], max_moments: int) -> list[Candidate]:
    """Returns the best `max_moments` by score, equals spread over the recording, in order of time."""
    best = best_first(candidates)[:max_moments]
    return sorted(best, key=lambda candidate: (candidate.start, candidate.end))


def select_moments(candidates: Iterable[Candidate], *, snapper: Snapper, lines: Sequence[Line], limits: MomentLimits) -> list[Candidate]:
    """Returns the moments of a run, chosen from the candidates of all windows.

    They have no duplicates and are snapped to lines, words and silences. Where two overlap, the better one keeps the stretch, and the other
    is shortened to the free lines or dropped. Each has a title; there are at most `max_moments`, in order of time.
    """
    chosen: list[Candidate] = []
    for candidate in best_first(deduplicate(candidates)):
        if len(chosen) == limits.max_moments:
            break
        taken = [other.interval for other in chosen]
        moment = _placed(candidate, taken, snapper, limits)
        if moment is not None:
            chosen.append(moment if moment.title else _titled(moment, lines))
    return rank(chosen, limits.max_moments)


def _placed(candidate: Candidate, taken: Sequence[Interval], snapper: Snapper, limits: MomentLimits) -> Candidate | None:
    whole = snapper.to_lines(candidate.interval, limits)
    free = free_stretch(whole, taken)
    if free != whole:
        if free.duration < max(limits.min_duration, _MIN_KEPT * whole.duration):
            return None
        rest = snapper.inside(free)
        if rest is None or rest.duration < limits.min_duration:
            return None
        whole = rest
    if whole.duration <= 0 or any(whole.overlap(other) > 0 for other in taken):
        return None
    return candidate.moved(whole)


def _titled(moment: Candidate, lines: Sequence[Line]) -> Candidate:
    inside = (line.text for line in lines if line.end > moment.start and line.start < moment.end)
    return replace(moment, title=title_from_line(next(inside, "")))
