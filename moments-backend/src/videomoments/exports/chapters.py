"""Writes chapters as YouTube reads them from a video's description: a time and a title per line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from videomoments.exports.recording import ExportedMoment, Recording
from videomoments.exports.targets import CHAPTERS, UNNAMED, Notes

# YouTube's rules: the first chapter is at 0:00, times ascend, each chapter lasts at least this long, and there are at least three.
SHORTEST_SECONDS = 10
FEWEST = 3
_OPENING = "Start"
_LONGEST_TITLE, _SHORTEST_TITLE = 100, 20


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes the moments that nobody rejected as chapters, by their starts. Where two are closer than YouTube allows, the better one stays.
    YouTube shows none when there are fewer than three."""
    notes = Notes() if notes is None else notes
    chosen = _chosen(recording)
    if left_out := len(recording.not_rejected) - len(chosen):
        notes.say(f"{left_out} moments are left out: they begin less than 10 seconds from a better one, or the end.")
    fitting, longest = _fitting(chosen)
    if len(fitting) < len(chosen):
        notes.say(f"A description has room for {CHAPTERS.size} bytes: {len(chosen) - len(fitting)} moments are left out.")
    text = _written(fitting, notes, longest)
    if len(text.splitlines()) < FEWEST:
        notes.say(f"YouTube shows chapters from {FEWEST} on.")
    return text


def _fitting(chosen: Sequence[ExportedMoment]) -> tuple[list[ExportedMoment], int | None]:
    """Returns the moments for which a description has room, and the longest title, in characters, or None for no limit. Titles are
    shortened first, then the moments with the lowest scores are left out."""

    def fits(moments: Sequence[ExportedMoment], longest: int | None) -> bool:
        return len(_written(moments, Notes(), longest).encode()) <= (CHAPTERS.size or 0)

    longest = next((length for length in _title_limits() if fits(chosen, length)), _SHORTEST_TITLE)
    weakest = sorted(range(len(chosen)), key=lambda place: chosen[place].score or 0.0)

    def without(count: int) -> list[ExportedMoment]:
        left_out = set(weakest[:count])
        return [moment for place, moment in enumerate(chosen) if place not in left_out]

    fewest = bisect_left(range(len(chosen)), True, key=lambda count: fits(without(count), longest))
    return without(fewest), longest


def _title_limits() -> Iterator[int | None]:
    """Yields the longest titles to try, in characters, from no limit down."""
    yield None
    longest = _LONGEST_TITLE
    while longest > _SHORTEST_TITLE:
        yield longest
        longest = max(_SHORTEST_TITLE, longest * 9 // 10)
    yield longest


def _chosen(recording: Recording) -> list[ExportedMoment]:
    """Returns the moments that become chapters, in time order."""
    chosen: list[ExportedMoment] = []
    for moment in sorted(recording.not_rejected, key=lambda moment: (-(moment.score or 0.0), moment.start)):
        far = all(abs(int(moment.start) - int(other.start)) >= SHORTEST_SECONDS for other in chosen)
        if far and recording.duration - int(moment.start) >= SHORTEST_SECONDS:
            chosen.append(moment)
    return sorted(chosen, key=lambda moment: moment.start)


def _written(chosen: Sequence[ExportedMoment], notes: Notes, longest: int | None = None) -> str:
    marks = [(int(moment.start), CHAPTERS.line(moment.title, notes, longest=longest) or UNNAMED) for moment in chosen]
    if marks and marks[0][0] < SHORTEST_SECONDS:
        marks[0] = (0, marks[0][1])
    else:
        marks.insert(0, (0, _OPENING))
    hours = any(at >= 3600 for at, _ in marks)
    return "".join(f"{_clock(at, hours)} {title}\n" for at, title in marks)


def _clock(seconds: int, hours: bool) -> str:
    rest = f"{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 3600}:{rest}" if hours else f"{seconds // 60}:{seconds % 60:02d}"
