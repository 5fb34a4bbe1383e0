"""Writes all that is known of a recording as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from videomoments.exports.recording import ExportedMoment, Recording
from videomoments.exports.targets import JSON, Notes, say_what_is_counted
from videomoments.inference.transcript import Word


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes one JSON object. Times are seconds of the source's timeline; timecodes are the source's own."""
    notes = Notes() if notes is None else notes
    say_what_is_counted(recording, notes)
    document: dict[str, Any] = {
        "video": {
            "identifier": recording.identifier,
            "title": recording.title,
            "source": recording.source,
            "duration": recording.duration,
            "frame_rate": str(recording.rate.rate) if recording.has_video else None,
            "measured_frame_rate": recording.measured_rate,
            "drop_frame": recording.rate.drop if recording.has_video else None,
            "variable_frame_rate": recording.varying_rate if recording.has_video else None,
            "start_timecode": recording.start_timecode,
            "width": recording.width,
            "height": recording.height,
        },
        "transcript": {
            "language": recording.language,
            "engine": recording.transcript_engine,
            "remarks": list(recording.transcript_remarks),
            **recording.hearing.to_json(),
            "words": [_word(word) for word in recording.words],
            "segments": [{"text": segment.text, "start": segment.start, "end": segment.end} for segment in recording.segments],
        },
        "moments": [_moment(recording, moment) for moment in sorted(recording.moments, key=lambda moment: moment.start)],
    }
    if not recording.moments and recording.nothing is not None:
        document["nothing"] = recording.nothing
    return JSON.text(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False), notes) + "\n"


def _word(word: Word) -> dict[str, Any]:
    """Returns a word as JSON, with `space_before` where the recogniser gave it; without it the script decides."""
    said = {} if word.space_before is None else {"space_before": word.space_before}
    return {"word": word.text, "start": word.start, "end": word.end, "confidence": word.confidence} | said


def _moment(recording: Recording, moment: ExportedMoment) -> dict[str, Any]:
    frames = recording.frames(moment)
    return {
        "identifier": moment.identifier,
        "title": moment.title,
        "start_time": moment.start,
        "end_time": moment.end,
        "start_timecode": recording.timecode(frames.first),
        "end_timecode": recording.timecode(frames.end),
        "score": moment.score,
        "reason": moment.reason,
        "engine": moment.engine,
        "review": moment.review,
        "clip": {"start_time": moment.clip.start, "end_time": moment.clip.end} if moment.clip else None,
        "clip_error": moment.clip_error,
        "confidence": moment.confidence,
    }
