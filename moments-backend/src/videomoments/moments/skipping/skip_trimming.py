"""Takes from a moment what people skip at its beginning and its end. It is applied after any model."""

from __future__ import annotations

from collections.abc import Sequence

from videomoments.core.times import Interval
from videomoments.moments.lines import Line
from videomoments.moments.skipping.skip_kinds import SkipKind

# A line counts to a moment when the moment holds half of it, or 3 seconds, as snapping does.
_HELD_SECONDS = 3.0
_MOSTLY = 0.5


def without_skipped(
    start: float, end: float, lines: Sequence[Line], kinds: Sequence[SkipKind | None], *, shortest: float = 0.0
) -> Interval | None:
    """Returns the moment [start, end) in seconds without the skipped lines at its edges, or None where too little is left to keep.

    It never becomes longer, never begins inside a skipped line, and is not divided: a short skipped part in its middle stays. It is
    dropped (None) when what is left is mostly skipped, or when it is shorter than `shortest` and was mostly skipped. `kinds` are those of
    `skipped_lines`, one for each of `lines`. A caller whose prompt asks for such a part does not call this.
    """
    inside = [(line, kind) for line, kind in zip(lines, kinds, strict=True) if _held(line, start, end)]
    if not inside:
        return Interval(start, end) if end > start else None
    watched = [line for line, kind in inside if kind is None]
    if not watched:
        return None
    first, last = watched[0], watched[-1]
    left = Interval(
        start if inside[0][0] is first else max(start, first.start), end if inside[-1][0] is last else min(end, last.end)
    )
    left = _clear_of_edges(left, lines, kinds)
    spoken = _seconds(watched, left)
    skipped_left = _seconds([line for line, kind in inside if kind is not None], left)
    skipped_before = _seconds([line for line, kind in inside if kind is not None], Interval(start, end))
    if left.duration <= 0 or skipped_left > _MOSTLY * (spoken + skipped_left):
        return None
    if left.duration < shortest and skipped_before > _MOSTLY * (spoken + skipped_before):
        return None
    return left


def _held(line: Line, start: float, end: float) -> bool:
    shared = min(end, line.end) - max(start, line.start)
    return shared > 0 and shared >= min((line.end - line.start) / 2, _HELD_SECONDS)


def _clear_of_edges(moment: Interval, lines: Sequence[Line], kinds: Sequence[SkipKind | None]) -> Interval:
    """Returns the moment without the rest of a skipped line that it holds too little of to count."""
    start, end = moment.start, moment.end
    for line, kind in zip(lines, kinds, strict=True):
        if kind is not None and line.start <= start < line.end:
            start = min(line.end, end)
        if kind is not None and line.start < end <= line.end:
            end = max(line.start, start)
    return Interval(start, end)


def _seconds(lines: Sequence[Line], within: Interval) -> float:
    return sum(max(0.0, min(within.end, line.end) - max(within.start, line.start)) for line in lines)
