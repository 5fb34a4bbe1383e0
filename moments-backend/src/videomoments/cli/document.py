"""Builds the JSON document of a command: what `--json` prints and `moments.json` holds. Pure: takes rows, returns one dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from videomoments.core.errors import MomentsError
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.db.tables import Moment, Transcript, Video
from videomoments.inference.certainty import is_hard
from videomoments.services.moments import MomentView
from videomoments.services.nothing import sentence
from videomoments.services.run_queries import RunView
from videomoments.services.source_facts import SourceFacts
from videomoments.services.transcripts import heard_beside, remarks_of

Document = dict[str, Any]


def build_document(
    *,
    source: str,
    video: Video | None,
    run: RunView | None,
    transcript: Transcript | None = None,
    moments: Sequence[MomentView] = (),
    clips: Mapping[str, Path] | None = None,
    output: Path | None = None,
    error: MomentsError | None = None,
) -> Document:
    """Returns one source's document. Times are seconds on the source's timeline, paths absolute.

    `source` is what the user gave: an absolute path or a URL. `clips` maps a moment's identifier to the file of its clip. A job that did
    not complete has an `error`, and its run is `failed` (or `cancelled`) even when none was ever accepted. A job that found nothing says
    why in `nothing`.
    """
    document: Document = {
        "video": _video(source, video),
        "run": _run(run),
        "transcript": _transcript(transcript) if transcript is not None else None,
        "moments": [_moment(view, (clips or {}).get(view.moment.identifier)) for view in moments],
        "output": str(output) if output is not None else None,
    }
    if run is not None and run.status is RunStatus.COMPLETED and not moments and error is None:
        document["nothing"] = why_nothing(run)
    found = _error(run, error)
    return document | {"error": found} if found is not None else document


def as_result(document: Document) -> Document:
    """Returns a document as `--json=v2` lists it: with its source first, and in its error."""
    source = document["video"]["source"]
    result = {"source": source} | document
    return result | {"error": {"source": source} | document["error"]} if document.get("error") else result


def _video(source: str, video: Video | None) -> Document:
    return {
        "identifier": video.identifier if video else None,
        "title": video.title if video else None,
        "source": source,
        "duration": _seconds(video.duration) if video else None,
        "resolution": video.resolution if video else None,
        **(_choices(video) if video else {}),
    }


def _choices(video: Video) -> Document:
    """Returns which audio track was used where there are several, and remarks on what could not be used; empty where there is neither."""
    facts = SourceFacts.of(video.media_info)
    track = {"audio_track": facts.audio_track, "audio_tracks": len(facts.audio_tracks)} if len(facts.audio_tracks) > 1 else {}
    return {**track, **({"remarks": list(facts.remarks)} if facts.remarks else {})}


def _run(run: RunView | None) -> Document:
    if run is None:
        return {"request_id": None, "status": RunStatus.FAILED.value, "duration_seconds": None, "stages": []}
    shown: Document = {
        "request_id": run.request_id,
        "status": run.status.value,
        "duration_seconds": _seconds(run.duration_seconds),
        "stages": [
            {"name": stage.name.value, "status": stage.status.value, "seconds": _seconds(stage.seconds), "reason": stage.reason}
            for stage in run.stages
        ],
    }
    found = unrefined(run)
    return shown if found is None else shown | {"unrefined": found}


def unrefined(run: RunView) -> Document | None:
    """Returns how many of the run's moments keep their first boundaries, of how many, why, and how many a retry would refine now."""
    found = run.unrefined
    return None if found is None else {**found.to_json(), "message": found.message, "left": found.left}


def _transcript(transcript: Transcript) -> Document:
    said: Document = {
        "language": transcript.language,
        "word_count": transcript.word_count,
        "engine": transcript.engine,
        "text": transcript.full_text,
    }
    beside = heard_beside(transcript) | {"remarks": remarks_of(transcript)}
    return said | {name: value for name, value in beside.items() if value}


def _moment(view: MomentView, clip_path: Path | None) -> Document:
    moment = view.moment
    clip = None
    if view.clip is not None and clip_path is not None:
        clip = {"path": str(clip_path), "start_time": float(view.clip.start_time), "end_time": float(view.clip.end_time)}
    doubt = {"confidence": _seconds(moment.confidence), "hard_to_hear": True} if is_hard(moment.confidence) else {}
    shown = {
        "identifier": moment.identifier,
        "title": moment.title,
        "start_time": float(moment.start_time),
        "end_time": float(moment.end_time),
        "score": _seconds(moment.score),
        "reason": moment.reason,
        "engine": moment.engine,
        "is_refined": moment.is_refined,
        "parent": _parent(view.parent),
        "clip": clip,
    }
    return shown | doubt | ({"clip_error": view.clip_error} if view.clip_error else {})


def _parent(parent: Moment | None) -> Document | None:
    if parent is None:
        return None
    return {"identifier": parent.identifier, "start_time": float(parent.start_time), "end_time": float(parent.end_time)}


def _error(run: RunView | None, error: MomentsError | None) -> Document | None:
    if run is not None and run.error is not None:
        stage = run.error.stage.value if run.error.stage else None
        return {"stage": stage, "code": run.error.code, "message": run.error.message, "advice": run.error.advice}
    if error is not None:
        return {"stage": None, "code": error.code, "message": error.operator_text, "advice": error.advice or None}
    if run is not None and run.status is RunStatus.CANCELLED:
        return {"stage": None, "code": "cancelled", "message": "The run was cancelled.", "advice": None}
    return None


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)


def made_transcript(run: RunView) -> bool:
    """Returns whether this run has, or reused, a transcript. The video's row may hold an older run's."""
    return any(stage.name is StageName.TRANSCRIPTION and stage.status is StageStatus.COMPLETED for stage in run.stages)


def why_nothing(run: RunView) -> str:
    """Returns why a completed run has no moments, from its note or its stages' reasons, as sentences."""
    reasons = [run.note] if run.note else dict.fromkeys(stage.reason for stage in run.stages if stage.reason)
    return " ".join(sentence(reason) for reason in reasons) or "The model found no moments."
