"""Queries on the stages of claimed runs. The fence and the write are one statement, which may be a transaction of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from videomoments.db.session import Executor

# As `Runs.fenced`, with one round trip instead of four. No row comes back when the claim is gone. A fence that had to wait reads the row
# again afterwards.
_FENCED = """
    WITH fence AS (
        SELECT id FROM pipeline_history WHERE id = :run_id AND attempt = :attempt AND status = 'processing' FOR NO KEY UPDATE
    )
    UPDATE pipeline_stages SET {changes} FROM fence WHERE run_id = fence.id AND name = :name
    RETURNING started_at, completed_at
"""
_START = text(
    _FENCED.format(
        changes="""status = 'processing', started_at = now(), completed_at = NULL, reason = NULL, progress = 0,
                   executions = executions + 1, input_hash = :input_hash, checkpoint = NULL"""
    )
)
_END = text(
    _FENCED.format(
        changes="""status = :status, completed_at = now(), started_at = coalesce(started_at, now()), reason = :reason,
                   progress = NULL, checkpoint = :checkpoint"""
    )
).bindparams(bindparam("checkpoint", type_=JSONB(none_as_null=True)))
_PROGRESS = text(_FENCED.format(changes="progress = CASE status WHEN 'processing' THEN CAST(:progress AS double precision) END"))
_LOAD = text("SELECT name, status, input_hash, checkpoint, reason FROM pipeline_stages WHERE run_id = :run_id ORDER BY position")
_HELD = text("SELECT 1 FROM pipeline_history WHERE id = :id AND attempt = :attempt AND status = 'processing' AND lease_until > now()")


class HeldStage(NamedTuple):
    """A stage of a run, and the attempt that may write it."""

    run_id: int
    attempt: int
    name: str


class StageTimes(NamedTuple):
    """When a stage began and ended, by PostgreSQL's clock."""

    started_at: datetime | None
    completed_at: datetime | None


class LeftStage(NamedTuple):
    """A stage as an earlier attempt left it."""

    name: str
    status: str
    input_hash: str | None
    checkpoint: dict[str, Any] | None
    reason: str | None


async def load(db: Executor, run_id: int) -> list[LeftStage]:
    """Returns the run's stages in order."""
    return [LeftStage._make(row) for row in await db.execute(_LOAD, {"run_id": run_id})]


async def start(db: Executor, stage: HeldStage, input_hash: str) -> StageTimes | None:
    """Starts the stage. This and the other writes return None where the attempt no longer holds the run."""
    return await _write(db, _START, stage, {"input_hash": input_hash})


async def progress(db: Executor, stage: HeldStage, fraction: float) -> StageTimes | None:
    return await _write(db, _PROGRESS, stage, {"progress": fraction})


async def end(db: Executor, stage: HeldStage, status: str, *, reason: str | None, checkpoint: dict[str, Any] | None) -> StageTimes | None:
    return await _write(db, _END, stage, {"status": status, "reason": reason, "checkpoint": checkpoint})


async def is_held(db: Executor, run_id: int, attempt: int) -> bool:
    """Returns whether the attempt holds the run by a lease that has not lapsed."""
    return (await db.execute(_HELD, {"id": run_id, "attempt": attempt})).first() is not None


async def _write(db: Executor, statement: TextClause, stage: HeldStage, values: dict[str, Any]) -> StageTimes | None:
    row = (await db.execute(statement, stage._asdict() | values)).first()
    return None if row is None else StageTimes(row.started_at, row.completed_at)
