"""A table for spreadsheets, one moment a row."""

from __future__ import annotations

import csv
import io

from videomoments.exports.recording import Recording

COLUMNS = (
    "number",
    "title",
    "start_time",
    "end_time",
    "duration",
    "start_timecode",
    "end_timecode",
    "score",
    "reason",
    "engine",
    "review",
    "identifier",
)
# A cell that begins so is run as a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(recording: Recording) -> str:
    """RFC 4180, with a byte order mark: without one Excel takes UTF-8 for something else. Times are seconds."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for number, moment in enumerate(sorted(recording.moments, key=lambda moment: moment.start), 1):
        frames = recording.frames(moment)
        rows.writerow(
            [
                number,
                _text(moment.title),
                f"{moment.start:.3f}",
                f"{moment.end:.3f}",
                f"{moment.end - moment.start:.3f}",
                recording.timecode(frames.first),
                recording.timecode(frames.end),
                "" if moment.score is None else f"{moment.score:.3f}",
                _text(moment.reason or ""),
                _text(moment.engine or ""),
                moment.review,
                moment.identifier,
            ]
        )
    return "\ufeff" + written.getvalue()


def _text(value: str) -> str:
    value = value.replace("\0", "")
    return "'" + value if value.startswith(_FORMULA) else value
