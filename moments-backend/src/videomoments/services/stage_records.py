"""What is kept about each stage of a run: status, times, progress, checkpoint. Every write is fenced and mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from videomoments.coordination.redis import best_effort
from videomoments.coordination.status import stage_fields
from videomoments.core.names import StageName, StageStatus
from videomoments.services.runs import Claim, Runs

_START = text("""
    UPDATE pipeline_stages SET status = 'processing', started_at = now(), completed_at = NULL, reason = NULL, progress = 0,
           executions = executions + 1, input_hash = :input_hash, checkpoint = NULL
    WHERE run_id = :run_id AND name = :name
""")
_END = text("""
    UPDATE pipeline_stages SET status = :status, completed_at = now(), started_at = coalesce(started_at, now()), reason = :reason,
           progress = NULL, checkpoint = :checkpoint, input_hash = coalesce(:input_hash, input_hash)
    WHERE run_id = :run_id AND name = :name
""").bindparams(bindparam("checkpoint", type_=JSONB(none_as_null=True)))
_PROGRESS = text("UPDATE pipeline_stages SET progress = :progress WHERE run_id = :run_id AND name = :name AND status = 'processing'")
_LOAD = text("SELECT name, status, input_hash, checkpoint, reason FROM pipeline_stages WHERE run_id = :run_id ORDER BY position")


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
        async with self._runs.fenced(claim) as session:
            await session.execute(_START, {"run_id": claim.run_id, "name": name.value, "input_hash": input_hash})
        await self._mirror(claim, name, StageStatus.PROCESSING)

    async def progress(self, claim: Claim, name: StageName, fraction: float) -> None:
        """`fraction` is 0 to 1."""
        async with self._runs.fenced(claim) as session:
            await session.execute(_PROGRESS, {"run_id": claim.run_id, "name": name.value, "progress": min(max(fraction, 0.0), 1.0)})

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
        values = {
            "run_id": claim.run_id,
            "name": name.value,
            "status": status.value,
            "reason": reason,
            "checkpoint": checkpoint,
            "input_hash": input_hash,
        }
        async with self._runs.fenced(claim) as session:
            await session.execute(_END, values)
        await self._mirror(claim, name, status)

    async def _mirror(self, claim: Claim, name: StageName, status: StageStatus) -> None:
        async with best_effort(f"{name} {status}"):
            fields = stage_fields(name, status)
            if not await self._runs.status.write(claim.video_id, claim.request_id, claim.attempt, fields):
                # Redis was emptied, or came back without the lock: the row says that the run is ours, so the hash is written anew.
                await self._runs.status.take(claim.video_id, claim.request_id, claim.attempt, force=True)
                identity = {"request_id": claim.request_id, "status": "processing"}
                await self._runs.status.write(claim.video_id, claim.request_id, claim.attempt, identity | fields)
