"""Makes every transition of a run: accept, claim, renew, hand back, cancel, finish, retry. Nothing else changes a run's status.

The row in PostgreSQL is authoritative. Redis holds a wake-up entry and a copy: each transition is one short transaction, and what is
written to Redis after it may be lost.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NoReturn

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
from videomoments.db.repositories import runs as repository
from videomoments.db.repositories import videos as video_repository
from videomoments.db.repositories.runs import ClaimedRun, EndedRun, EndReason
from videomoments.db.session import AlreadyThere, Database, Session
from videomoments.services.options import RunSnapshot
from videomoments.services.run_mirror import ended_details, ended_fields

log = logging.getLogger(__name__)

# Crashes are forgiven only during a run's first so many attempts, not counting those that waited.
_PATIENCE = 20
# How often a run is inserted anew when the obstacle to it has gone in between.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the API returns with status 202."""

    request_id: str
    video_id: str
    status: RunStatus
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a run. `attempt` is its fencing token: every write compares it first."""

    run_id: int
    request_id: str
    video_pk: int
    video_id: str
    kind: RunKind
    attempt: int
    crashes: int
    snapshot: RunSnapshot
    # What an earlier attempt was waiting for when it gave the run back; and whether an attempt has waited without success since.
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
        self._claims: Grouped[tuple[str, str], ClaimedRun | None] = Grouped(self._claim)
        self._completions: Grouped[tuple[int, int, str | None], EndedRun | None] = Grouped(self._complete)

    async def accept(
        self, video_id: str, snapshot: RunSnapshot, *, kind: RunKind = RunKind.PIPELINE, idempotency_key: str | None = None
    ) -> Accepted:
        """Stores a run, then puts its entry into the queue.

        Raises:
            NotFound: no such video.
            Conflict: a run of this video is active (`run_active`).
            TooMany: the queue is full.
        """
        request_id = new_identifier()
        insert = partial(
            repository.insert,
            self.database,
            request_id=request_id,
            video_id=video_id,
            kind=kind.value,
            config=snapshot.to_json(),
            idempotency_key=idempotency_key,
            cap=self._settings.queue_cap,
        )
        tries = 0
        while (queued_at := await insert()) is None:
            if (earlier := await self._not_inserted(video_id, idempotency_key, kind)) is not None:
                return earlier
            # The obstacle has gone in between: the queue was full, or another run was active.
            if (tries := tries + 1) == _TRIES:
                raise TooMany("The queue is full.", advice="Try again when some runs have ended, or start more workers.")
        with log_context(request_id=request_id, video_id=video_id):
            log.info("accepted")
            await self.announce(request_id, video_id, snapshot, queued_at)
        return Accepted(request_id, video_id, RunStatus.QUEUED)

    async def retry(self, request_id: str, snapshot: RunSnapshot) -> Accepted:
        """Queues a run again that failed or was cancelled. Completed stages stay completed; `snapshot` replaces its models.

        Raises:
            NotFound: no such run, or its video is gone.
            Conflict: it has not failed (`run_not_failed`), there is a newer run of its video (`run_superseded`), or one is active.
            TooMany: as many runs are queued as may be.
        """
        try:
            async with self.database.transaction() as session:
                run = await repository.retry(session, request_id, snapshot.to_json(), self._settings.queue_cap)
                if run is None:
                    await self._refuse_retry(session, request_id)
        except AlreadyThere:
            raise await self._beside_active(request_id) from None
        RETRIES.labels("run").inc()
        with log_context(request_id=request_id, video_id=run.video_id):
            log.info("queued again")
            await self.announce(request_id, run.video_id, snapshot, run.queued_at, run.attempt, again=True)
        return Accepted(request_id, run.video_id, RunStatus.QUEUED)

    async def announce(
        self, request_id: str, video_id: str, snapshot: RunSnapshot, requested_at: datetime, attempt: int = 0, *, again: bool = False
    ) -> None:
        """Writes the lock, the status hash and the stream entry of a new run, or of one that has ended and starts `again`. The reconciler
        repairs whatever fails here (F05)."""
        with contextlib.suppress(ServiceUnavailable):  # the row is committed: the run is accepted, whatever happens now
            async with best_effort("the new run"):
                await self.status.open(video_id, request_id, attempt, {"status": RunStatus.QUEUED.value}, again=again)
                config = snapshot.public()
                entry = await self.queue.add(request_id=request_id, video_id=video_id, config=config, requested_at=requested_at)
                now = RunStatus(await repository.announced(self.database, request_id, entry) or RunStatus.CANCELLED)
                if not now.active:
                    await self.status.release(video_id, request_id, attempt, {"status": now.value})

    async def claim(self, request_id: str, owner: str) -> Claim | None:
        """Takes the run for `owner`. Returns None when it has ended, is to be cancelled, or is held by a live worker."""
        run = await self._claims((request_id, owner))
        if run is None:
            return None
        ATTEMPTS.inc()
        try:
            kind, snapshot = RunKind(run.kind), RunSnapshot.model_validate(run.config)
        except ValueError:  # this version does not know the kind, or can't read the snapshot
            await self._end_unreadable(run)
            return None
        claim = Claim(
            run_id=run.run_id,
            request_id=run.request_id,
            video_pk=run.video_pk,
            video_id=run.video_id,
            kind=kind,
            attempt=run.attempt,
            crashes=run.crashes,
            snapshot=snapshot,
            waiting_for=run.waiting_for,
            waited=run.waited,
        )
        async with best_effort("the claim"):
            await self.status.open(claim.video_id, claim.request_id, claim.attempt, {"status": RunStatus.PROCESSING.value})
        return claim

    async def _claim(self, wanted: Sequence[tuple[str, str]]) -> list[ClaimedRun | None]:
        """Claims one run for each (request id, owner), or returns None for it. Of two that want the same run, the first gets it."""
        first = {request_id: place for place, (request_id, _) in reversed([*enumerate(wanted)])}
        owners = {request_id: wanted[place][1] for request_id, place in first.items()}
        claimed = await repository.claim(self.database, owners, self._settings.lease_seconds)
        return [claimed.get(request_id) if first[request_id] == place else None for place, (request_id, _) in enumerate(wanted)]

    @asynccontextmanager
    async def fenced(self, claim: Claim) -> AsyncIterator[Session]:
        """Opens a transaction in which this claim still holds the run.

        Raises:
            StaleAttempt: another attempt has taken over, or the run has ended. Nothing was written.
        """
        async with self.database.transaction() as session:
            if not await repository.holds(session, claim.run_id, claim.attempt):
                raise StaleAttempt("Another worker has taken this run over.")
            yield session

    async def hand_back(self, claim: Claim) -> bool:
        """Releases a run that this process can't finish (SIGTERM). The next worker takes it at once, and no crash is counted."""
        async with self.database.transaction() as session:
            requested_at = await repository.hand_back(session, claim.run_id, claim.attempt)
        if requested_at is None:
            return False
        async with best_effort("the hand-back"):
            config = claim.snapshot.public()
            entry = await self.queue.add(request_id=claim.request_id, video_id=claim.video_id, config=config, requested_at=requested_at)
            async with self.database.transaction() as session:
                await repository.note_entry(session, claim.run_id, entry)
        return True

    async def defer(self, claim: Claim, seconds: float) -> bool:
        """Releases a run that waits for something that is unavailable. A worker tries again in `seconds`; no crash is counted. Returns
        False when another worker holds the run."""
        async with self.database.transaction() as session:
            cancelled = await repository.defer(session, claim.run_id, claim.attempt, seconds)
        if cancelled:  # it was cancelled while it was given back, and no worker holds it that could notice
            await self.request_cancel(claim.request_id)
        return cancelled is not None

    async def let_go(self, claim: Claim) -> bool:
        """Hands back a run whose lease could not be renewed in time. If another worker has taken it over, that takeover counts as no crash,
        because this process lives. Returns True when the run was handed back."""
        if await self.hand_back(claim):
            return True
        async with self.database.transaction() as session:
            await repository.forgive(session, claim.run_id, claim.attempt, crashes=claim.crashes, patience=_PATIENCE)
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
        """Ends a claimed run, with whatever status (F10).

        Raises:
            StaleAttempt: another attempt has taken over.
        """
        await self._end(claim.run_id, claim.attempt, claim.request_id, claim.video_id, status, error, error_stage, note)

    async def _end_unreadable(self, run: ClaimedRun) -> None:
        error = MomentsError(
            "The run was accepted by another version of VideoMoments.", code="config_unreadable", advice="Start the run again."
        )
        with log_context(request_id=run.request_id, video_id=run.video_id, attempt=run.attempt):
            log.warning("%s", error.message)
        await self._end(run.run_id, run.attempt, run.request_id, run.video_id, RunStatus.FAILED, error, None, None)

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
        if status is RunStatus.COMPLETED:
            ended = await self._completions((run_id, attempt, note))
        else:
            async with self.database.transaction() as session:
                held = await repository.finish(session, run_id, attempt, status.value, _reason(error, error_stage), note)
                ended = await repository.end_stages(session, run_id, status.value, error.message if error else None) if held else None
        if ended is None:
            raise StaleAttempt("Another worker has taken this run over.")
        await self._mirror_end(video_id, request_id, status, ended, error, error_stage)

    async def _complete(self, endings: Sequence[tuple[int, int, str | None]]) -> list[EndedRun | None]:
        """Completes one run for each (run, attempt, note). Returns None for an attempt that no longer holds its run."""
        ended = await repository.complete(self.database, endings)
        return [ended.get((run_id, attempt)) for run_id, attempt, _ in endings]

    async def request_cancel(self, request_id: str) -> RunStatus:
        """Cancels a run that no worker holds, and asks the worker of a held one to stop. Returns the status afterwards.

        Raises:
            NotFound: no such run.
        """
        async with self.database.transaction() as session:
            run = await repository.cancel(session, request_id)
            if run is None:
                found = await repository.status_of(session, request_id)
                if found is None:
                    raise NotFound("There is no such run.", code="run_not_found")
                return RunStatus(found)
            status = RunStatus(run.status)
            ended = await repository.end_stages(session, run.run_id, status.value, None) if status is RunStatus.CANCELLED else None
        with log_context(request_id=request_id, video_id=run.video_id):
            log.info("cancellation asked for; it is %s", status)
        async with best_effort("the cancellation"):
            if status is RunStatus.PROCESSING:
                await self.status.mark_cancel(run.video_id, request_id)
        if ended is not None:
            await self._mirror_end(run.video_id, request_id, status, ended)
        return status

    async def _mirror_end(
        self,
        video_id: str,
        request_id: str,
        status: RunStatus,
        run: EndedRun,
        error: MomentsError | None = None,
        error_stage: StageName | None = None,
    ) -> None:
        RUNS_ENDED.labels(status.value).inc()
        if error is not None and error.code == DEAD_LETTER:
            DEAD_LETTERS.inc()
        fields = ended_fields(request_id, status, run, error, error_stage)
        async with best_effort("the end of the run"):
            await self.status.end(video_id, request_id, run.attempt, fields, ended_details(video_id, run), run.completed_at)

    async def _not_inserted(self, video_id: str, idempotency_key: str | None, kind: RunKind) -> Accepted | None:
        """Returns the earlier run of the same key, raises why no run can be accepted, or returns None when the obstacle has gone."""
        async with self.database.transaction() as session:
            run = await repository.of_key(session, idempotency_key)
            if run is not None:
                return Accepted(run.request_id, run.video_id, RunStatus(run.status), replayed=True)
            await video_repository.get(session, video_id)
            await self._refuse_overload(session)
            active = await repository.conflicting(session, video_id, kind.value)
            if active is not None:
                raise RunActive(active.request_id, active.status)
        return None

    async def _refuse_retry(self, session: Session, request_id: str) -> NoReturn:
        status, gone = await repository.state_of(session, request_id) or ("", True)
        if gone:
            raise NotFound("There is no such run.", code="run_not_found")
        if status not in (RunStatus.FAILED, RunStatus.CANCELLED):
            raise Conflict(f"Only a run that failed or was cancelled can be retried: this one is {status}.", code="run_not_failed")
        await self._refuse_overload(session)
        raise Conflict("There is a newer run of this video.", code="run_superseded", advice="Retry that one, or start a new run.")

    async def _beside_active(self, request_id: str) -> Conflict:
        """Returns why the unique index refused a retry: another run of its video is active, or was until a moment ago."""
        active = await repository.beside(self.database, request_id)
        if active is not None:
            return RunActive(active.request_id, active.status)
        return Conflict("Another run of this video has just ended.", code="run_superseded", advice="Look at it, then try again.")

    async def _refuse_overload(self, session: Session) -> None:
        queued = await repository.queued(session)
        if queued >= self._settings.queue_cap:
            raise TooMany(f"{queued} runs are queued already.", advice="Try again when some have ended, or start more workers.")


def _reason(error: MomentsError | None, stage: StageName | None) -> EndReason:
    where = stage.value if stage else None
    return EndReason(where, error.code, error.message, error.advice or None) if error else EndReason(where, None, None, None)
