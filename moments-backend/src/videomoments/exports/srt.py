"""Writes SubRip subtitles."""

from __future__ import annotations

import io
import re

import webvtt.srt
from webvtt import Caption

from videomoments.exports.cues import build_cues
from videomoments.exports.recording import Recording
from videomoments.exports.targets import SRT, Notes

# Players read these after a backslash as the end of a line, or as a space.
_ESCAPES = re.compile(r"\\(?=[Nnh])")
_BACKSLASH = "⧵"


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes the recording's subtitles. The text is empty without speech."""
    notes = Notes() if notes is None else notes
    cues = [(cue, _unescaped(SRT.text(cue.text, notes), notes)) for cue in build_cues(recording)]
    captions = [Caption(clock(cue.start), clock(cue.end), text) for cue, text in cues if text.strip()]
    written = io.StringIO()
    webvtt.srt.write(written, captions)
    return written.getvalue() + ("\n" if captions else "")


def _unescaped(text: str, notes: Notes) -> str:
    if _ESCAPES.search(text):
        notes.swap("\\", _BACKSLASH)
    return _ESCAPES.sub(_BACKSLASH, text)


def clock(seconds: float) -> str:
    """Returns seconds as a clock time like `01:02:03.456`."""
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{rest:03d}"
