"""Stores status, times, progress and checkpoint of each stage of a run. Every write is fenced and mirrored."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from videomoments.coordination.redis import best_effort
from videomoments.coordination.status import stage_fields
from videomoments.core.errors import ServiceUnavailable, StaleAttempt
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.db.repositories import stage_records as repository
from videomoments.db.repositories.stage_records import HeldStage, StageTimes
from videomoments.services.runs import Claim, Runs


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
            left = await repository.load(session, claim.run_id)
        return {
            StageName(stage.name): StageRecord(StageStatus(stage.status), stage.input_hash, stage.checkpoint, stage.reason)
            for stage in left
        }

    async def start(self, claim: Claim, name: StageName, input_hash: str) -> None:
        times = _held(await repository.start(self._runs.database, _stage(claim, name), input_hash))
        await self._mirror(claim, name, StageStatus.PROCESSING, times.started_at)

    async def progress(self, claim: Claim, name: StageName, fraction: float) -> None:
        """Stores the progress; `fraction` is 0 to 1."""
        _held(await repository.progress(self._runs.database, _stage(claim, name), min(max(fraction, 0.0), 1.0)))

    async def complete(self, claim: Claim, name: StageName, checkpoint: Mapping[str, Any], *, reason: str | None = None) -> None:
        await self._end(claim, name, StageStatus.COMPLETED, reason, dict(checkpoint))

    async def skip(self, claim: Claim, name: StageName, reason: str) -> None:
        await self._end(claim, name, StageStatus.SKIPPED, reason, None)

    async def _end(
        self,
        claim: Claim,
        name: StageName,
        status: StageStatus,
        reason: str | None,
        checkpoint: dict[str, Any] | None,
    ) -> None:
        written = await repository.end(self._runs.database, _stage(claim, name), status.value, reason=reason, checkpoint=checkpoint)
        await self._mirror(claim, name, status, _held(written).completed_at)

    async def _mirror(self, claim: Claim, name: StageName, now: StageStatus, at: datetime | None) -> None:
        with contextlib.suppress(ServiceUnavailable):  # the row is committed, whatever happens to the mirror
            await self._mirrored(claim, f"{name} {now}", stage_fields(name, now, at))

    async def _mirrored(self, claim: Claim, what: str, fields: dict[str, str]) -> None:
        async with best_effort(what):
            if not await self._runs.status.write(claim.video_id, claim.request_id, claim.attempt, fields) and await self._is_held(claim):
                # Redis was emptied, or came back without the lock. If the row says that this attempt holds the run, the hash is written
                # anew. The row is read now rather than taken from the write before, because this process may have been frozen since.
                status = {"status": RunStatus.PROCESSING.value}
                await self._runs.status.open(claim.video_id, claim.request_id, claim.attempt, status | fields, again=True)

    async def _is_held(self, claim: Claim) -> bool:
        return await repository.is_held(self._runs.database, claim.run_id, claim.attempt)


def _stage(claim: Claim, name: StageName) -> HeldStage:
    return HeldStage(claim.run_id, claim.attempt, name.value)


def _held(written: StageTimes | None) -> StageTimes:
    if written is None:
        raise StaleAttempt("Another worker has taken this run over.")
    return written
