"""Writes a table for spreadsheets, one moment per row."""

from __future__ import annotations

import csv
import io

from videomoments.exports.recording import Recording
from videomoments.exports.targets import CSV, Notes, say_what_is_counted

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
# Spreadsheets run a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes CSV (RFC 4180) with a byte order mark: without it Excel does not read UTF-8. Times are seconds. Timecodes are the source's
    own, so an end after midnight comes before its start."""
    notes = Notes() if notes is None else notes
    say_what_is_counted(recording, notes)
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for number, moment in enumerate(sorted(recording.moments, key=lambda moment: moment.start), 1):
        frames = recording.frames(moment)
        rows.writerow(
            [
                number,
                _text(moment.title, notes),
                f"{moment.start:.3f}",
                f"{moment.end:.3f}",
                f"{moment.end - moment.start:.3f}",
                recording.timecode(frames.first),
                recording.timecode(frames.end),
                "" if moment.score is None else f"{moment.score:.3f}",
                _text(moment.reason or "", notes),
                _text(moment.engine or "", notes),
                moment.review,
                moment.identifier,
            ]
        )
    return "\ufeff" + written.getvalue()


def _text(value: str, notes: Notes) -> str:
    value = CSV.text(value, notes).strip()
    if not value.startswith(_FORMULA):
        return value
    notes.say("A text that spreadsheets would run as a formula has an apostrophe in front.")
    return "'" + value
