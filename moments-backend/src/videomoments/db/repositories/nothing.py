"""Finds the run that explains why a video shows no moments."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from videomoments.db.session import Executor

# Selects the newest completed run that looks for moments, else the newest that ended; or the run `request_id`.
_DECIDES = text("""
    SELECT run.status, run.note, run.error_message, (SELECT count(*) FROM moments WHERE run_id = run.id) AS found
    FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE videos.identifier = :video_id
      AND CASE WHEN CAST(:request_id AS text) IS NULL THEN run.kind IN ('pipeline', 'generate') ELSE run.identifier = :request_id END
    ORDER BY (run.status = 'completed') DESC, run.completed_at DESC NULLS LAST, run.id DESC LIMIT 1
""")


class DecidingRun(NamedTuple):
    """The run that decides what a video shows: how it ended, and how many moments it once `found`."""

    status: str
    note: str | None
    error_message: str | None
    found: int


async def deciding_run(db: Executor, video_id: str, request_id: str | None) -> DecidingRun | None:
    row = (await db.execute(_DECIDES, {"video_id": video_id, "request_id": request_id})).first()
    return None if row is None else DecidingRun._make(row)
