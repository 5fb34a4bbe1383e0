"""Every transition of a run: accept, claim, renew, hand back, cancel, finish, retry. Nothing else changes a run's status.

The row is the truth, Redis a doorbell and a mirror. Each transition is one short transaction; what Redis is told afterwards may be lost.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from videomoments.coordination.history import HistoryMirror
from videomoments.coordination.queue import JobQueue
from videomoments.coordination.redis import best_effort
from videomoments.coordination.status import StatusMirror
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, MomentsError, NotFound, RunActive, ServiceUnavailable, StaleAttempt, TooMany
from videomoments.core.grouped import Grouped
from videomoments.core.logging import log_context
from videomoments.core.metrics import ATTEMPTS, DEAD_LETTERS, RETRIES, RUNS_ENDED
from videomoments.core.names import DEAD_LETTER, RunKind, RunStatus, StageName, new_identifier
from videomoments.db.repositories import runs as statements
from videomoments.db.session import Database
from videomoments.services.options import RunSnapshot
from videomoments.services.run_mirror import ended_details, ended_fields

log = logging.getLogger(__name__)

# A run that was forgiven so often is a dead letter all the same.
_PATIENCE = 20
# How often a start looks again when what refused it has gone meanwhile.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer of a 202."""

    request_id: str
    video_id: str
    status: RunStatus
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a run. `attempt` is its fence: nothing is written without comparing it."""

    run_id: int
    request_id: str
    video_pk: int
    video_id: str
    kind: RunKind
    attempt: int
    crashes: int
    snapshot: RunSnapshot
    # What an earlier attempt was waiting for when it gave the run back; and whether one has waited without an answer since.
    waiting_for: str | None = None
    waited: bool = False


class Runs:
    """The runs of one installation, for API and workers alike."""

    def __init__(self, database: Database, queue: JobQueue, status: StatusMirror, history: HistoryMirror, settings: Settings) -> None:
        self.database = database
        self.queue = queue
        self.status = status
        self.history = history
        self._settings = settings
        self._claims: Grouped[tuple[str, str], RowMapping | None] = Grouped(self._claim)
        self._completions: Grouped[tuple[int, int, str | None], RowMapping | None] = Grouped(self._complete)

    async def accept(
        self, video_id: str, snapshot: RunSnapshot, *, kind: RunKind = RunKind.PIPELINE, idempotency_key: str | None = None
    ) -> Accepted:
        """Makes a run durable, then rings the bell.

        Raises:
            NotFound: no such video.
            Conflict: a run of this video is active (`run_active`).
            TooMany: as many runs are queued as may be.
        """
        request_id = new_identifier()
        values = {
            "request_id": request_id,
            "video_id": video_id,
            "kind": kind.value,
            "config": snapshot.to_json(),
            "idempotency_key": idempotency_key,
            "cap": self._settings.queue_cap,
        }
        tries = 0
        while (row := (await self.database.statement(statements.INSERT, values)).first()) is None:
            if (earlier := await self._not_inserted(video_id, idempotency_key, kind)) is not None:
                return earlier
            # What was in the way has gone in between: a place in the queue, or the run before.
            if (tries := tries + 1) == _TRIES:
                raise TooMany("The queue is full.", advice="Try again when some runs have ended, or start more workers.")
        with log_context(request_id=request_id, video_id=video_id):
            log.info("accepted")
            await self.announce(request_id, video_id, snapshot, row.queued_at)
        return Accepted(request_id, video_id, RunStatus.QUEUED)

    async def retry(self, request_id: str, snapshot: RunSnapshot) -> Accepted:
        """Puts a run that failed or was cancelled back into the queue: finished stages stay, `snapshot` replaces its models.

        Raises:
            NotFound: no such run, or its video is gone.
            Conflict: it has not failed (`run_not_failed`), there is a newer run of its video (`run_superseded`), or one is active.
            TooMany: as many runs are queued as may be.
        """
        values = {"request_id": request_id, "config": snapshot.to_json(), "cap": self._settings.queue_cap}
        try:
            async with self.database.transaction() as session:
                row = (await session.execute(statements.RETRY, values)).mappings().one_or_none()
                if row is None:
                    await self._refuse_retry(session, request_id)
                await session.execute(statements.RESET_STAGES, {"id": row["id"]})
        except IntegrityError:
            raise await self._beside_active(request_id) from None
        RETRIES.labels("run").inc()
        with log_context(request_id=request_id, video_id=row["video_identifier"]):
            log.info("queued again")
            await self.announce(request_id, row["video_identifier"], snapshot, row["queued_at"], row["attempt"], again=True)
        return Accepted(request_id, row["video_identifier"], RunStatus.QUEUED)

    async def announce(
        self, request_id: str, video_id: str, snapshot: RunSnapshot, requested_at: datetime, attempt: int = 0, *, again: bool = False
    ) -> None:
        """Lock, status hash and stream entry of a fresh run, or of one that has ended and starts `again`. Whatever fails here the
        reconciler repairs (F05)."""
        with contextlib.suppress(ServiceUnavailable):  # the row is committed: the run is accepted, whatever happens now
            async with best_effort("the new run"):
                await self.status.open(video_id, request_id, attempt, {"status": RunStatus.QUEUED.value}, again=again)
                config = snapshot.public()
                entry = await self.queue.add(request_id=request_id, video_id=video_id, config=config, requested_at=requested_at)
                found = await self.database.statement(statements.ANNOUNCED, {"entry": entry, "id": request_id})
                now = RunStatus(found.scalar() or RunStatus.CANCELLED)
                if not now.active:
                    await self.status.release(video_id, request_id, attempt, {"status": now.value})

    async def claim(self, request_id: str, owner: str) -> Claim | None:
        """Takes the run for `owner`, or None: it has ended, is to be cancelled, or a live worker holds it."""
        row = await self._claims((request_id, owner))
        if row is None:
            return None
        ATTEMPTS.inc()
        try:
            kind, snapshot = RunKind(row["kind"]), RunSnapshot.model_validate(row["config"])
        except ValueError:  # a kind that this version does not know, or a snapshot that it can't read
            await self._end_unreadable(row)
            return None
        claim = Claim(
            run_id=row["id"],
            request_id=row["identifier"],
            video_pk=row["video_id"],
            video_id=row["video_identifier"],
            kind=kind,
            attempt=row["attempt"],
            crashes=row["crashes"],
            snapshot=snapshot,
            waiting_for=row["waiting_for"],
            waited=row["waited"],
        )
        async with best_effort("the claim"):
            await self.status.open(claim.video_id, claim.request_id, claim.attempt, {"status": RunStatus.PROCESSING.value})
        return claim

    async def _claim(self, wanted: Sequence[tuple[str, str]]) -> list[RowMapping | None]:
        """One row for each of (request id, owner), or None. Of two that want the same run the first may have it."""
        first = {request_id: place for place, (request_id, _) in reversed([*enumerate(wanted)])}
        values = {
            "request_ids": list(first),
            "owners": [wanted[place][1] for place in first.values()],
            "lease": self._settings.lease_seconds,
        }
        rows = {row["identifier"]: row for row in (await self.database.statement(statements.CLAIM, values)).mappings()}
        return [rows.get(request_id) if first[request_id] == place else None for place, (request_id, _) in enumerate(wanted)]

    @asynccontextmanager
    async def fenced(self, claim: Claim) -> AsyncIterator[AsyncSession]:
        """A transaction in which this claim still holds the run.

        Raises:
            StaleAttempt: another attempt has taken over, or the run has ended. Nothing was written.
        """
        async with self.database.transaction() as session:
            if await session.scalar(statements.FENCE, {"id": claim.run_id, "attempt": claim.attempt}) is None:
                raise StaleAttempt("Another worker has taken this run over.")
            yield session

    async def hand_back(self, claim: Claim) -> bool:
        """Lets go of a run that this process can't finish (SIGTERM): the next worker takes it at once, and no crash is counted."""
        async with self.database.transaction() as session:
            requested_at = await session.scalar(statements.HAND_BACK, {"id": claim.run_id, "attempt": claim.attempt})
        if requested_at is None:
            return False
        async with best_effort("the hand-back"):
            config = claim.snapshot.public()
            entry = await self.queue.add(request_id=claim.request_id, video_id=claim.video_id, config=config, requested_at=requested_at)
            async with self.database.transaction() as session:
                statement = text("UPDATE pipeline_history SET enqueued_at = now(), stream_entry = :entry WHERE id = :id AND owner IS NULL")
                await session.execute(statement, {"entry": entry, "id": claim.run_id})
        return True

    async def defer(self, claim: Claim, seconds: float) -> bool:
        """Lets go of a run that waits for something that is away; in `seconds` a worker looks again. No crash is counted. False: another
        has it."""
        async with self.database.transaction() as session:
            values = {"id": claim.run_id, "attempt": claim.attempt, "seconds": seconds}
            row = (await session.execute(statements.DEFER, values)).one_or_none()
        if row is not None and row.cancelled:  # while it was given back: nobody else would hear of it
            await self.request_cancel(claim.request_id)
        return row is not None

    async def let_go(self, claim: Claim) -> bool:
        """Hands back a run whose lease could not be renewed in time. Where another worker has taken it over already, no crash is
        counted for it: this process lives. True when it was handed back."""
        if await self.hand_back(claim):
            return True
        values = {"id": claim.run_id, "attempt": claim.attempt, "crashes": claim.crashes, "patience": _PATIENCE}
        async with self.database.transaction() as session:
            await session.execute(statements.FORGIVE, values)
        return False

    async def finish(
        self,
        claim: Claim,
        status: RunStatus,
        *,
        error: MomentsError | None = None,
        error_stage: StageName | None = None,
        note: str | None = None,
    ) -> None:
        """The one end of a claimed run, whatever the end is (F10).

        Raises:
            StaleAttempt: another attempt has taken over.
        """
        await self._end(claim.run_id, claim.attempt, claim.request_id, claim.video_id, status, error, error_stage, note)

    async def _end_unreadable(self, row: RowMapping) -> None:
        error = MomentsError(
            "The run was accepted by another version of VideoMoments.", code="config_unreadable", advice="Start the run again."
        )
        with log_context(request_id=row["identifier"], video_id=row["video_identifier"], attempt=row["attempt"]):
            log.warning("%s", error.message)
        await self._end(row["id"], row["attempt"], row["identifier"], row["video_identifier"], RunStatus.FAILED, error, None, None)

    async def _end(
        self,
        run_id: int,
        attempt: int,
        request_id: str,
        video_id: str,
        status: RunStatus,
        error: MomentsError | None,
        error_stage: StageName | None,
        note: str | None,
    ) -> None:
        values = {
            "id": run_id,
            "attempt": attempt,
            "status": status.value,
            "error_stage": error_stage.value if error_stage else None,
            "error_code": error.code if error else None,
            "error_message": error.message if error else None,
            "error_advice": (error.advice or None) if error else None,
            "note": note,
        }
        if status is RunStatus.COMPLETED:
            row = await self._completions((run_id, attempt, note))
        else:
            async with self.database.transaction() as session:
                held = (await session.execute(statements.FINISH, values)).one_or_none() is not None
                row = await self._end_stages(session, run_id, status, error) if held else None
        if row is None:
            raise StaleAttempt("Another worker has taken this run over.")
        await self._mirror_end(video_id, request_id, status, row, error, error_stage)

    async def _complete(self, endings: Sequence[tuple[int, int, str | None]]) -> list[RowMapping | None]:
        """One row for each of (run, attempt, note), or None where the attempt no longer holds its run."""
        ids, attempts, notes = (list(column) for column in zip(*endings, strict=True))
        values = {"ids": ids, "attempts": attempts, "notes": notes}
        rows = {(row["id"], row["attempt"]): row for row in (await self.database.statement(statements.COMPLETE, values)).mappings()}
        return [rows.get((run_id, attempt)) for run_id, attempt, _ in endings]

    async def _end_stages(self, session: AsyncSession, run_id: int, status: RunStatus, error: MomentsError | None) -> RowMapping:
        """Ends the stages of a run that failed or was cancelled; answers all that its mirror shows."""
        ended = "was cancelled" if status is RunStatus.CANCELLED else "failed"
        values = {"id": run_id, "status": status.value, "reason": error.message if error else None, "ended": ended}
        await session.execute(statements.FORGET_PARTS, {"id": run_id})
        await session.execute(statements.END_STAGES, values)
        return (await session.execute(statements.ENDED, {"id": run_id})).mappings().one()

    async def request_cancel(self, request_id: str) -> RunStatus:
        """Ends a run that nobody holds, and tells the worker of one that somebody holds. The status afterwards.

        Raises:
            NotFound: no such run.
        """
        async with self.database.transaction() as session:
            row = (await session.execute(statements.CANCEL, {"request_id": request_id})).mappings().one_or_none()
            if row is None:
                found = await session.scalar(text("SELECT status FROM pipeline_history WHERE identifier = :id"), {"id": request_id})
                if found is None:
                    raise NotFound("There is no such run.", code="run_not_found")
                return RunStatus(found)
            status = RunStatus(row["status"])
            ended = await self._end_stages(session, row["id"], status, None) if status is RunStatus.CANCELLED else None
        with log_context(request_id=request_id, video_id=row["video_identifier"]):
            log.info("cancellation asked for; it is %s", status)
        async with best_effort("the cancellation"):
            if status is RunStatus.PROCESSING:
                await self.status.mark_cancel(row["video_identifier"], request_id)
        if ended is not None:
            await self._mirror_end(row["video_identifier"], request_id, status, ended)
        return status

    async def _mirror_end(
        self,
        video_id: str,
        request_id: str,
        status: RunStatus,
        row: RowMapping,
        error: MomentsError | None = None,
        error_stage: StageName | None = None,
    ) -> None:
        RUNS_ENDED.labels(status.value).inc()
        if error is not None and error.code == DEAD_LETTER:
            DEAD_LETTERS.inc()
        fields = ended_fields(request_id, status, row, error, error_stage)
        async with best_effort("the end of the run"):
            await self.status.end(video_id, request_id, row["attempt"], fields, ended_details(video_id, row), row["completed_at"])

    async def _not_inserted(self, video_id: str, idempotency_key: str | None, kind: RunKind) -> Accepted | None:
        """The earlier run of the same key; otherwise raises why no run can be accepted. None: nothing is in the way any more."""
        async with self.database.transaction() as session:
            row = (await session.execute(statements.OF_KEY, {"key": idempotency_key})).mappings().one_or_none()
            if row is not None:
                return Accepted(row["identifier"], row["video"], RunStatus(row["status"]), replayed=True)
            if await session.scalar(text("SELECT 1 FROM videos WHERE identifier = :id AND deleted_at IS NULL"), {"id": video_id}) is None:
                raise NotFound("There is no such video.", code="video_not_found")
            await self._refuse_overload(session)
            active = (await session.execute(statements.CONFLICTING, {"video_id": video_id, "kind": kind.value})).one_or_none()
            if active is not None:
                raise RunActive(active.identifier, active.status)
        return None

    async def _refuse_retry(self, session: AsyncSession, request_id: str) -> NoReturn:
        statement = text(
            "SELECT run.status, videos.deleted_at IS NOT NULL AS gone FROM pipeline_history AS run "
            "JOIN videos ON videos.id = run.video_id WHERE run.identifier = :id"
        )
        row = (await session.execute(statement, {"id": request_id})).one_or_none()
        if row is None or row.gone:
            raise NotFound("There is no such run.", code="run_not_found")
        if row.status not in (RunStatus.FAILED, RunStatus.CANCELLED):
            raise Conflict(f"Only a run that failed or was cancelled can be retried: this one is {row.status}.", code="run_not_failed")
        await self._refuse_overload(session)
        raise Conflict("There is a newer run of this video.", code="run_superseded", advice="Retry that one, or start a new run.")

    async def _beside_active(self, request_id: str) -> Conflict:
        """Why a retry was refused by the index: another run of its video is active, or was until a moment ago."""
        row = (await self.database.statement(statements.BESIDE, {"request_id": request_id})).first()
        if row is not None:
            return RunActive(row.identifier, row.status)
        return Conflict("Another run of this video has just ended.", code="run_superseded", advice="Look at it, then try again.")

    async def _refuse_overload(self, session: AsyncSession) -> None:
        queued = await session.scalar(text("SELECT count(*) FROM pipeline_history WHERE status = 'queued'"))
        if (queued or 0) >= self._settings.queue_cap:
            raise TooMany(f"{queued} runs are queued already.", advice="Try again when some have ended, or start more workers.")
