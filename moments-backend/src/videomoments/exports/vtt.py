"""Writes WebVTT subtitles."""

from __future__ import annotations

import html

import webvtt.vtt
from webvtt import Caption

from videomoments.exports.cues import build_cues
from videomoments.exports.recording import Recording
from videomoments.exports.srt import clock
from videomoments.exports.targets import VTT, Notes


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes the recording's subtitles. The file of a recording without speech has no cues."""
    notes = Notes() if notes is None else notes
    cues = [(cue, text) for cue in build_cues(recording) if (text := VTT.text(cue.text, notes)).strip()]
    captions = [
        Caption(clock(cue.start), clock(cue.end), html.escape(text, quote=False), identifier=str(number))
        for number, (cue, text) in enumerate(cues, 1)
    ]
    return webvtt.vtt.to_str(captions, [], [], [])
