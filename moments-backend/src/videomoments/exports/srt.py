"""SubRip subtitles."""

from __future__ import annotations

import io

import webvtt.srt
from webvtt import Caption

from videomoments.exports.cues import build_cues
from videomoments.exports.recording import Recording

# SubRip has no escapes, and players take what stands in angle brackets or braces for markup.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def write(recording: Recording) -> str:
    """The recording's subtitles. Text without speech is empty."""
    captions = [Caption(clock(cue.start), clock(cue.end), cue.text.translate(_PLAIN)) for cue in build_cues(recording)]
    written = io.StringIO()
    webvtt.srt.write(written, captions)
    return written.getvalue() + ("\n" if captions else "")


def clock(seconds: float) -> str:
    """`01:02:03.456`."""
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{rest:03d}"
