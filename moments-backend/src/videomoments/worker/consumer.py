"""Reads the stream, claims runs, works on them, and ends or hands back each one in the way that fits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import platform
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import tenacity
from redis.exceptions import RedisError, ResponseError

from videomoments.coordination.queue import Entry, JobQueue
from videomoments.coordination.redis import connect, refuse_evicting
from videomoments.core.config import Settings
from videomoments.core.errors import Cancelled, Deferred, MomentsError, ServiceUnavailable, StaleAttempt
from videomoments.core.logging import log_context
from videomoments.core.names import DEAD_LETTER, RunStatus, StageName
from videomoments.core.tasks import beside, finished, joined, stopped, uninterrupted
from videomoments.pipeline.orchestrator import StageFailed, Watch
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.storage.object_store import ObjectStore
from videomoments.worker.acknowledging import Acknowledger
from videomoments.worker.lease import LeaseKeeper, StopReason
from videomoments.worker.reconciler import Reconciler
from videomoments.worker.sweeper import Sweeper

log = logging.getLogger(__name__)

Work = Callable[[Claim, Watch], Awaitable[str | None]]
"""Does a claimed run's work and returns the run's note. Raises StageFailed or StaleAttempt."""

_BLOCK_MS = 1000
_REDIS_START_SECONDS = 30.0
_SWEEP_SECONDS = 60.0
_COUNT_SECONDS = 5.0
# Longer than a stopped stage needs to clean up.
_CANCEL_AGAIN_SECONDS = 3.0
# How long a worker whose leases lapsed while the database was away tries to hand back its runs before it gives up.
_AWAY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Later:
    """The run waits for something. A worker takes it again after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class _End:
    """How a run's work ended: the status, and the error with its stage, or a note."""

    status: RunStatus
    error: MomentsError | None = None
    stage: StageName | None = None
    note: str | None = None


def consumer_name() -> str:
    """Returns a name unique to this process, so that no two workers ever share pending entries (F15)."""
    return f"worker-{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class Worker:
    """One worker process, which works on `settings.limits.pipelines` runs at once. `renew_seconds` and `clock` are passed to its
    `LeaseKeeper`."""

    def __init__(
        self,
        services: Services,
        work: Work,
        store: ObjectStore,
        *,
        name: str | None = None,
        renew_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name or consumer_name()
        self._services = services
        self._settings: Settings = services.settings
        self._work = work
        self._slots = services.settings.limits.pipelines
        self._tasks: dict[asyncio.Task[None], tuple[Claim, Entry] | None] = {}
        self._verdicts: dict[tuple[int, int], StopReason] = {}
        self._draining = False
        self._lease = LeaseKeeper(services.settings, services.database.url, self.name, renew_seconds=renew_seconds, clock=clock)
        self._clock = clock
        self._reconciler = Reconciler(services, self.name)
        self._sweeper = Sweeper(services, store)
        # The blocking read needs its own connection (F26).
        self._reader = connect(services.settings.redis_url or "", connections=2)
        self._queue = JobQueue(self._reader)
        self._acknowledger = Acknowledger(self._queue, self.name)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then hands back the runs that it holds.

        Raises:
            ServiceUnavailable: Redis may evict the queue, or can't be reached.
        """
        await self._prepare_queue()
        self._lease.start()
        helpers = [
            asyncio.create_task(each)
            for each in (self._acknowledger.run(), self._reconcile(), self._sweep(), self._keep_fresh(), self._count())
        ]
        log.info("%s takes up to %d runs at once", self.name, self._slots)
        try:
            await self._read_until(stop)
        finally:
            await self._drain()
            await stopped(helpers, self._settings.drain_seconds)
            await asyncio.to_thread(self._lease.stop)
            await self._acknowledger.leave()
            await self._reader.aclose()
            with contextlib.suppress(MomentsError):
                await self._services.totals.flush()

    async def _prepare_queue(self) -> None:
        """Checks Redis and makes the consumer group. Waits for a Redis that is still starting."""
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda error: getattr(error, "code", "") == "redis_unavailable"),
            wait=tenacity.wait_random(0.2, 1.0),
            stop=tenacity.stop_after_delay(_REDIS_START_SECONDS),
            reraise=True,
        ):
            with attempt:
                await refuse_evicting(self._services.redis, self._settings.redis_url or "")
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # the first read fails again and repairs it
            await self._queue.ensure_group()

    async def _read_until(self, stop: asyncio.Event) -> None:
        pause, next_claim = 0.1, 0.0
        async with beside(stop.wait()) as stopping:
            while not stop.is_set():
                free = self._slots - len(self._tasks)
                if free <= 0:
                    await asyncio.wait({*self._tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    continue
                try:
                    entries: list[Entry] = []
                    if time.monotonic() >= next_claim:
                        entries = await self._queue.autoclaim(self.name, free, int(self._settings.lease_seconds * 1000))
                        next_claim = time.monotonic() + self._settings.reconcile_seconds
                    entries = entries or await self._queue.read(self.name, free, _BLOCK_MS)
                    pause = 0.1
                except (RedisError, OSError, TimeoutError) as error:
                    await self._redis_failed(error, stopping, pause)
                    pause = min(pause * 2, 5.0)
                    continue
                for entry in entries:
                    task = asyncio.create_task(self._take(entry))
                    self._tasks[task] = None
                    task.add_done_callback(self._taken)

    async def _redis_failed(self, error: BaseException, stopping: asyncio.Task[bool], pause: float) -> None:
        if isinstance(error, ResponseError) and "NOGROUP" in str(error):
            with contextlib.suppress(RedisError, OSError):
                await self._queue.ensure_group()
        else:
            log.warning("Redis: nothing read (%s)", error.__class__.__name__)
        await asyncio.wait({stopping}, timeout=pause)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an entry was left: %s", error, exc_info=error)

    async def _take(self, entry: Entry) -> None:
        """Handles one entry, from claim to acknowledgement."""
        began = self._clock()
        try:
            claim = await self._claim(entry)
        except ServiceUnavailable as error:
            # The entry stays pending: the reconciler replaces it when the database is back.
            log.warning("not claimed: %s", error.message)
            return
        if claim is not None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks[task] = (claim, entry)
            with _named(claim):
                log.info("claimed")
                await self._execute(claim, began)
        self._acknowledger.add(entry.entry_id)

    async def _claim(self, entry: Entry) -> Claim | None:
        """Claims the run of an entry. A claim that succeeds while this worker drains is handed back; it need not lapse."""

        async def hand_back(claim: Claim | None) -> None:
            if claim is not None:
                await self._services.runs.hand_back(claim)

        return await finished(self._services.runs.claim(entry.request_id, self.name), undo=hand_back)

    async def _execute(self, claim: Claim, began: float) -> None:
        """Works on a claimed run and writes how it ended. `began` is the clock's time before the claim, when its lease may have begun."""
        if claim.crashes >= self._settings.max_crashes:
            error = MomentsError(
                f"The run ended its worker {claim.crashes} times.",
                code=DEAD_LETTER,
                advice="Look at the worker's log, then retry the run.",
            )
            await uninterrupted(self._finish(claim, _End(RunStatus.FAILED, error)))
            return
        work = asyncio.create_task(self._work_on(claim))
        stopping: list[asyncio.Task[None]] = []

        def stop_work(verdict: StopReason) -> None:
            self._verdicts[claim.run_id, claim.attempt] = verdict
            with _named(claim):  # the callback runs outside the run's log context
                log.info("stopping: %s", verdict)
            stopping.append(asyncio.create_task(stopped([work], self._settings.lease_seconds)))

        self._lease.hold(claim, stop_work, since=began)
        try:
            end = await self._outcome(claim, work)
            if isinstance(end, _End):
                await uninterrupted(self._finish(claim, end))
            elif isinstance(end, _Later):
                await uninterrupted(self._let_go(claim, end))
            elif work.done() and self._verdicts.get((claim.run_id, claim.attempt)) is not StopReason.STALLED:
                await self._let_go(claim)
        finally:
            self._lease.drop(claim)
            self._verdicts.pop((claim.run_id, claim.attempt), None)

    async def _outcome(self, claim: Claim, work: asyncio.Task[_End | _Later | None]) -> _End | _Later | None:
        """Returns how the work ended; None when the run goes on elsewhere."""
        try:
            # Shielded, so that a drain is noticed at once, whatever the work does with its own cancellation.
            return await joined(work)
        except asyncio.CancelledError:
            if not work.done():
                # This worker drains: the work ends before the run is handed back.
                await stopped([work], self._settings.drain_seconds)
            if work.done() and not work.cancelled():
                return work.result()
        # A lost or drained run is handed back. The lease of a stalled one lapses, and the next claim counts it as a crash.
        return _End(RunStatus.CANCELLED) if self._verdicts.get((claim.run_id, claim.attempt)) is StopReason.CANCELLED else None

    async def _let_go(self, claim: Claim, later: _Later | None = None) -> None:
        """Hands the run back. Waits for a database that is away, unless this worker is about to end: another takes the run when the lease
        has lapsed."""
        waiting = tenacity.stop_after_attempt(1) if self._draining else tenacity.stop_after_delay(_AWAY_SECONDS)
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(ServiceUnavailable), wait=tenacity.wait_random(0.2, 2.0), stop=waiting, reraise=True
        )
        with contextlib.suppress(ServiceUnavailable):
            async for attempt in retrying:
                with attempt:
                    if later is not None and await self._services.runs.defer(claim, later.seconds):
                        log.info("handed back for %.0f s", later.seconds)
                    elif later is None and await self._services.runs.let_go(claim):
                        log.info("handed back")

    async def _work_on(self, claim: Claim) -> _End | _Later | None:
        try:
            note = await self._work(claim, lambda clock, seconds: self._lease.watch(claim, clock, seconds))
        except StageFailed as failure:
            with log_context(stage=failure.stage.value):
                log.warning("failed: %s (%s)", failure.error.message, failure.error.code)
            return _End(RunStatus.FAILED, failure.error, failure.stage)
        except StaleAttempt:
            log.warning("another worker has this run")
            return None
        except Deferred as wait:
            log.info("%s", wait.message)
            return _Later(wait.seconds)
        except Cancelled:
            return _End(RunStatus.CANCELLED)
        except Exception:
            log.exception("failed without a reason of ours")
            error = MomentsError("Something went wrong inside VideoMoments.", advice="See the worker's log, and report it.")
            return _End(RunStatus.FAILED, error)
        return _End(RunStatus.COMPLETED, note=note)

    async def _finish(self, claim: Claim, end: _End) -> None:
        """Writes the run's end. Waits for a database that is away, as long as the lease lasts."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(ServiceUnavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            stop=tenacity.stop_after_delay(self._settings.lease_seconds),
            reraise=True,
        )
        try:
            await retrying(self._services.runs.finish, claim, end.status, error=end.error, error_stage=end.stage, note=end.note)
        except StaleAttempt:
            log.warning("another worker has this run")
            return
        except ServiceUnavailable:
            log.error("the end could not be written; the run will be taken up again")
            return
        log.info("%s", end.status)
        if (folder := self._settings.work_folder / claim.request_id).exists():
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _drain(self) -> None:
        self._draining = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.drain_seconds)

    async def _reconcile(self) -> None:
        await self._regularly(self._settings.reconcile_seconds, self._reconciler.run_once)

    async def _sweep(self) -> None:
        store_swept = -math.inf

        async def sweep() -> None:
            nonlocal store_swept
            await self._sweeper.sweep_machine()
            if await self._sweeper.is_first(self.name):
                await self._sweeper.sweep_shared()
                if time.monotonic() - store_swept > self._settings.sweep_seconds:
                    await self._sweeper.sweep_store()
                    store_swept = time.monotonic()

        await self._regularly(_SWEEP_SECONDS, sweep)

    async def _count(self) -> None:
        await self._regularly(_COUNT_SECONDS, self._services.totals.flush)

    async def _regularly(self, every: float, call: Callable[[], Awaitable[object]]) -> None:
        """Calls `call` again and again, `every` seconds after it ended. Errors are logged, and the next call tries again."""
        while True:
            try:
                await call()
            except (RedisError, OSError, TimeoutError, MomentsError) as error:
                log.warning("%s: %s", call.__qualname__, error.__class__.__name__)
            except Exception:
                log.exception("%s", call.__qualname__)
            await asyncio.sleep(every)

    async def _keep_fresh(self) -> None:
        """Renews what Redis shows of held runs: the lock, and the idle time of their entries."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 4)
            for claim, entry in [held for held in self._tasks.values() if held is not None]:
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await self._services.runs.status.renew(claim.video_id, claim.request_id, claim.attempt)
                    await self._services.queue.freshen(self.name, entry.entry_id)


def _named(claim: Claim) -> AbstractContextManager[None]:
    """Adds the run's ids to every line that is logged inside."""
    return log_context(request_id=claim.request_id, video_id=claim.video_id, attempt=claim.attempt)
