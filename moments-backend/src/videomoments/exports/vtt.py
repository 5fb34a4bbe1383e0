"""WebVTT subtitles."""

from __future__ import annotations

import html

import webvtt.vtt
from webvtt import Caption

from videomoments.exports.cues import build_cues
from videomoments.exports.recording import Recording
from videomoments.exports.srt import clock


def write(recording: Recording) -> str:
    """The recording's subtitles; the file of a recording without speech has no cues."""
    captions = [
        Caption(clock(cue.start), clock(cue.end), html.escape(cue.text, quote=False), identifier=str(number))
        for number, cue in enumerate(build_cues(recording), 1)
    ]
    return webvtt.vtt.to_str(captions, [], [], [])
