"""What is kept about each stage of a run: status, times, progress, checkpoint. Every write is fenced and mirrored."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from videomoments.coordination.redis import best_effort
from videomoments.coordination.status import stage_fields
from videomoments.core.errors import ServiceUnavailable, StaleAttempt
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.services.runs import Claim, Runs

# The fence and the write in one statement, which is a transaction of its own: as `Runs.fenced`, with one way to the server instead of four.
# No row comes back when the claim is gone. A fence that had to wait looks at the row as it is then.
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
                   progress = NULL, checkpoint = :checkpoint, input_hash = coalesce(:input_hash, input_hash)"""
    )
).bindparams(bindparam("checkpoint", type_=JSONB(none_as_null=True)))
_PROGRESS = text(_FENCED.format(changes="progress = CASE status WHEN 'processing' THEN CAST(:progress AS double precision) END"))
_LOAD = text("SELECT name, status, input_hash, checkpoint, reason FROM pipeline_stages WHERE run_id = :run_id ORDER BY position")
_HELD = text("SELECT 1 FROM pipeline_history WHERE id = :id AND attempt = :attempt AND status = 'processing' AND lease_until > now()")


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A stage as an earlier attempt left it."""

    status: StageStatus
    input_hash: str | None
    checkpoint: dict[str, Any] | None
    reason: str | None


class StageRecords:
    """The stages of claimed runs. Every method may raise StaleAttempt."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def load(self, claim: Claim) -> dict[StageName, StageRecord]:
        async with self._runs.database.transaction() as session:
            rows = (await session.execute(_LOAD, {"run_id": claim.run_id})).mappings().all()
        return {
            StageName(row["name"]): StageRecord(StageStatus(row["status"]), row["input_hash"], row["checkpoint"], row["reason"])
            for row in rows
        }

    async def start(self, claim: Claim, name: StageName, input_hash: str) -> None:
        row = await self._write(_START, claim, name, {"input_hash": input_hash})
        await self._mirror(claim, name, StageStatus.PROCESSING, row.started_at)

    async def progress(self, claim: Claim, name: StageName, fraction: float) -> None:
        """`fraction` is 0 to 1."""
        await self._write(_PROGRESS, claim, name, {"progress": min(max(fraction, 0.0), 1.0)})

    async def complete(
        self, claim: Claim, name: StageName, checkpoint: dict[str, Any], *, reason: str | None = None, input_hash: str | None = None
    ) -> None:
        await self._end(claim, name, StageStatus.COMPLETED, reason, checkpoint, input_hash)

    async def skip(self, claim: Claim, name: StageName, reason: str) -> None:
        await self._end(claim, name, StageStatus.SKIPPED, reason, None, None)

    async def _end(
        self,
        claim: Claim,
        name: StageName,
        status: StageStatus,
        reason: str | None,
        checkpoint: dict[str, Any] | None,
        input_hash: str | None,
    ) -> None:
        values = {"status": status.value, "reason": reason, "checkpoint": checkpoint, "input_hash": input_hash}
        row = await self._write(_END, claim, name, values)
        await self._mirror(claim, name, status, row.completed_at)

    async def _write(self, statement: TextClause, claim: Claim, name: StageName, values: dict[str, Any]) -> Row[Any]:
        """When the stage began and ended, by PostgreSQL's clock."""
        identity = {"run_id": claim.run_id, "attempt": claim.attempt, "name": name.value}
        if (row := (await self._runs.database.statement(statement, identity | values)).first()) is None:
            raise StaleAttempt("Another worker has taken this run over.")
        return row

    async def _mirror(self, claim: Claim, name: StageName, now: StageStatus, at: datetime | None) -> None:
        with contextlib.suppress(ServiceUnavailable):  # what was written stands, whatever happens now
            await self._mirrored(claim, f"{name} {now}", stage_fields(name, now, at))

    async def _mirrored(self, claim: Claim, what: str, fields: dict[str, str]) -> None:
        async with best_effort(what):
            if not await self._runs.status.write(claim.video_id, claim.request_id, claim.attempt, fields) and await self._is_held(claim):
                # Redis was emptied, or came back without the lock: the row says that the run is ours, so the hash is written anew.
                # Asked now, not taken from the write before: this process may have been frozen since.
                status = {"status": RunStatus.PROCESSING.value}
                await self._runs.status.open(claim.video_id, claim.request_id, claim.attempt, status | fields, again=True)

    async def _is_held(self, claim: Claim) -> bool:
        return (await self._runs.database.statement(_HELD, {"id": claim.run_id, "attempt": claim.attempt})).first() is not None
