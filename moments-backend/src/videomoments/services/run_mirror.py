"""Writes an ended run as fields of Redis, for `pipeline:{video_id}:active` and `pipeline:run:{request_id}`.

All times are PostgreSQL's, in the form of the Redis contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from videomoments.core.errors import MomentsError
from videomoments.core.names import RunStatus, StageName
from videomoments.core.times import isoformat
from videomoments.db.repositories.runs import EndedRun
from videomoments.services.options import public_config


def ended_fields(
    request_id: str, status: RunStatus, run: EndedRun, error: MomentsError | None, error_stage: StageName | None
) -> dict[str, str]:
    """Returns the fields of both hashes."""
    fields = {"request_id": request_id, "status": status.value, "completed_at": isoformat(run.completed_at) or ""}
    for stage in run.stages or ():
        fields[f"{stage['name']}_status"] = stage["status"]
        fields.update(_times(stage))
    if error is not None:
        fields["error"] = json.dumps({"code": error.code, "message": error.message})
    if error_stage is not None:
        fields["error_stage"] = error_stage.value
    return fields


def ended_details(video_id: str, run: EndedRun) -> dict[str, str]:
    """Returns the fields that only the history has. `config` is as in the stream, without secrets."""
    details = {
        "video_id": video_id,
        "kind": run.kind,
        "config": json.dumps(public_config(run.config), separators=(",", ":")),
        "created_at": isoformat(run.created_at) or "",
        "started_at": isoformat(run.started_at) or "",
        "duration_seconds": str(run.duration_seconds),
        "attempt": str(run.attempt),
        "crashes": str(run.crashes),
    }
    if run.note:
        details["note"] = run.note
    return details | {f"{stage['name']}_reason": stage["reason"] for stage in run.stages or () if stage["reason"]}


def _times(stage: dict[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yields those times of a stage that are set, read from JSON."""
    for which in ("started_at", "completed_at"):
        if (at := stage[which]) is not None:
            yield f"{stage['name']}_{which}", isoformat(datetime.fromisoformat(at)) or ""
