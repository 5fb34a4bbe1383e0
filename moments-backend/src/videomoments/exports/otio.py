"""Writes OpenTimelineIO's own JSON: the moments one after another on a video and an audio track, each with a marker.

The schemas are those that every reader of the format knows since its version 0.12. The tests check the result with the OpenTimelineIO
library. The library is not needed to write it, and has no wheels for every supported Python.
"""

from __future__ import annotations

import json
from typing import Any

from videomoments.exports.recording import ExportedMoment, Frames, Recording
from videomoments.exports.targets import JSON, OTIO, Notes, say_what_is_counted

_Object = dict[str, Any]


def write(recording: Recording, notes: Notes | None = None) -> str:
    """Writes a timeline. Values without a field of their own (reason, score, engine) are in the metadata, under `videomoments`."""
    notes = Notes() if notes is None else notes
    say_what_is_counted(recording, notes)
    recording = OTIO.fitted(recording, notes)
    kinds = [kind for kind, present in (("Video", recording.has_video), ("Audio", recording.has_audio)) if present]
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": recording.title,
        "global_start_time": _time(recording, 0),
        "metadata": {"videomoments": {"video_id": recording.identifier, "source": recording.source, "drop_frame": recording.rate.drop}},
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "name": "tracks",
            "source_range": None,
            "effects": [],
            "markers": [],
            "metadata": {},
            "children": [_track(recording, kind) for kind in kinds],
        },
    }
    return JSON.text(json.dumps(timeline, ensure_ascii=False, indent=2, allow_nan=False), notes) + "\n"


def _track(recording: Recording, kind: str) -> _Object:
    return {
        "OTIO_SCHEMA": "Track.1",
        "name": f"{kind[0]}1",
        "kind": kind,
        "source_range": None,
        "effects": [],
        "markers": [],
        "metadata": {},
        "children": [_clip(recording, moment, marked=kind == "Video" or not recording.has_video) for moment in recording.not_rejected],
    }


def _clip(recording: Recording, moment: ExportedMoment, *, marked: bool) -> _Object:
    frames = recording.frames(moment)
    about = {
        "moment_id": moment.identifier,
        "reason": moment.reason,
        "score": moment.score,
        "engine": moment.engine,
        "start_time": moment.start,
        "end_time": moment.end,
    }
    return {
        "OTIO_SCHEMA": "Clip.1",
        "name": moment.title,
        "source_range": _range(recording, frames),
        "effects": [],
        "markers": [_marker(recording, moment, frames)] if marked else [],
        "metadata": {"videomoments": about},
        "media_reference": {
            "OTIO_SCHEMA": "ExternalReference.1",
            "name": recording.title,
            "target_url": recording.media_url,
            "available_range": _range(recording, Frames(0, recording.frame_count)),
            "metadata": {},
        },
    }


def _marker(recording: Recording, moment: ExportedMoment, frames: Frames) -> _Object:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": moment.title,
        "color": "GREEN",
        "marked_range": _range(recording, frames),
        "metadata": {"videomoments": {"remark": moment.remark}},
    }


def _range(recording: Recording, frames: Frames) -> _Object:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(recording, recording.first_frame + frames.first),
        "duration": _time(recording, frames.count),
    }


def _time(recording: Recording, frame: int) -> _Object:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(recording.rate.rate), "value": float(frame)}
