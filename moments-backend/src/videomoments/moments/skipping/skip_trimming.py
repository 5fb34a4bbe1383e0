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
    touched = [(line, kind) for line, kind in zip(lines, kinds, strict=True) if line.start < end and line.end > start]
    watched = [line for line, kind in touched if kind is None and _held(line, start, end)]
    skipped = [line for line, kind in touched if kind is not None]
    if not skipped:
        return Interval(start, end) if end > start else None
    if not watched:
        return None
    first, last = watched[0], watched[-1]
    left = Interval(
        max(start, first.start) if skipped[0].start < first.start else start, min(end, last.end) if skipped[-1].end > last.end else end
    )
    still = _seconds(skipped, left)
    before = _seconds(skipped, Interval(start, end))
    spoken = _seconds(watched, left)
    if left.duration <= 0 or still > _MOSTLY * (spoken + still):
        return None
    if left.duration < shortest and before > _MOSTLY * (spoken + before):
        return None
    return left


def _held(line: Line, start: float, end: float) -> bool:
    shared = min(end, line.end) - max(start, line.start)
    return shared > 0 and shared >= min((line.end - line.start) / 2, _HELD_SECONDS)


def _seconds(lines: Sequence[Line], within: Interval) -> float:
    return sum(max(0.0, min(within.end, line.end) - max(within.start, line.start)) for line in lines)
