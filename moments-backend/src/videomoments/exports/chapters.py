"""Chapters as YouTube reads them from a video's description: a time and a title a line."""

from __future__ import annotations

from videomoments.exports.recording import Moment, Recording

# YouTube's rules: the first at 0:00, ascending, each at least this long, and at least three of them.
SHORTEST_SECONDS = 10
_OPENING = "Start"


def write(recording: Recording) -> str:
    """The kept moments by their starts. Where two are closer than YouTube allows, the better one stays. With fewer than two moments YouTube
    shows no chapters, though the text is right."""
    chosen: list[Moment] = []
    for moment in sorted(recording.kept, key=lambda moment: (-(moment.score or 0.0), moment.start)):
        far = all(abs(int(moment.start) - int(other.start)) >= SHORTEST_SECONDS for other in chosen)
        if far and recording.duration - int(moment.start) >= SHORTEST_SECONDS:
            chosen.append(moment)
    chosen.sort(key=lambda moment: moment.start)
    marks = [(int(moment.start), moment.title) for moment in chosen]
    if marks and marks[0][0] < SHORTEST_SECONDS:
        marks[0] = (0, marks[0][1])
    else:
        marks.insert(0, (0, _OPENING))
    hours = any(at >= 3600 for at, _ in marks)
    return "".join(f"{_clock(at, hours)} {' '.join(title.split())}\n" for at, title in marks)


def _clock(seconds: int, hours: bool) -> str:
    rest = f"{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 3600}:{rest}" if hours else f"{seconds // 60}:{seconds % 60:02d}"
