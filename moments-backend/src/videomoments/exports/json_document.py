"""Everything, for programs."""

from __future__ import annotations

import json
from typing import Any

from videomoments.exports.recording import Moment, Recording


def write(recording: Recording) -> str:
    """One JSON object. Times are seconds of the source's timeline; timecodes and frames are the source's own."""
    document = {
        "video": {
            "identifier": recording.identifier,
            "title": recording.title,
            "source": recording.source,
            "duration": recording.duration,
            "frame_rate": str(recording.rate.rate) if recording.has_video else None,
            "drop_frame": recording.rate.drop if recording.has_video else None,
            "variable_frame_rate": recording.varying_rate if recording.has_video else None,
            "start_timecode": recording.start_timecode,
            "width": recording.width,
            "height": recording.height,
        },
        "transcript": {
            "language": recording.language,
            "engine": recording.transcript_engine,
            "words": [{"word": word.text, "start": word.start, "end": word.end, "confidence": word.confidence} for word in recording.words],
            "segments": [{"text": segment.text, "start": segment.start, "end": segment.end} for segment in recording.segments],
        },
        "moments": [_moment(recording, moment) for moment in sorted(recording.moments, key=lambda moment: moment.start)],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _moment(recording: Recording, moment: Moment) -> dict[str, Any]:
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
    }
