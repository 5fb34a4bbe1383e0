"""Reads the stream, claims runs, works on them, and lets go of them in the way that fits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable

import tenacity
from redis.exceptions import RedisError, ResponseError

from videomoments.coordination.queue import Entry, JobQueue
from videomoments.coordination.redis import connect, refuse_evicting
from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError, ServiceUnavailable, StaleAttempt
from videomoments.core.logging import log_context
from videomoments.core.names import RunStatus, StageName
from videomoments.pipeline.orchestrator import StageFailed, Watch
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.worker.lease import LeaseKeeper, Verdict
from videomoments.worker.reconciler import Reconciler

log = logging.getLogger(__name__)

Work = Callable[[Claim, Watch], Awaitable[str | None]]
"""Does a claimed run's work; answers the run's note. Raises StageFailed or StaleAttempt."""

_BLOCK_MS = 1000
_SWEEP_SECONDS = 60.0


def consumer_name() -> str:
    """Unique to this process, so that no two workers ever share pending entries (F15)."""
    return f"worker-{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class Worker:
    """One worker process: `settings.limits.pipelines` runs at once."""

    def __init__(self, services: Services, work: Work, *, name: str | None = None) -> None:
        self.name = name or consumer_name()
        self._services = services
        self._settings: Settings = services.settings
        self._work = work
        self._slots = services.settings.limits.pipelines
        self._tasks: dict[asyncio.Task[None], tuple[Claim, Entry] | None] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._draining = False
        self._lease = LeaseKeeper(services.settings, services.database.url, self.name)
        self._reconciler = Reconciler(services, self.name)
        # The blocking read has a connection of its own (F26).
        self._reader = connect(services.settings.redis_url or "", connections=2)
        self._queue = JobQueue(self._reader)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then hands back what it holds.

        Raises:
            ServiceUnavailable: Redis may evict the queue, or PostgreSQL can't be reached at the start.
        """
        await refuse_evicting(self._services.redis)
        await self._queue.ensure_group()
        self._lease.start()
        helpers = [asyncio.create_task(self._reconcile()), asyncio.create_task(self._keep_fresh())]
        log.info("%s takes up to %d runs at once", self.name, self._slots)
        try:
            await self._read_until(stop)
        finally:
            await self._drain()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._lease.stop()
            await self._reader.aclose()

    async def _read_until(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        pause, next_claim = 0.1, 0.0
        try:
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
                    task.add_done_callback(lambda done: self._tasks.pop(done, None))
        finally:
            stopping.cancel()

    async def _redis_failed(self, error: BaseException, stopping: asyncio.Task[bool], pause: float) -> None:
        if isinstance(error, ResponseError) and "NOGROUP" in str(error):
            with contextlib.suppress(RedisError, OSError):
                await self._queue.ensure_group()
        else:
            log.warning("Redis: nothing read (%s)", error.__class__.__name__)
        await asyncio.wait({stopping}, timeout=pause)

    async def _take(self, entry: Entry) -> None:
        """One entry, from claim to acknowledgement."""
        try:
            claim = await self._services.runs.claim(entry.request_id, self.name)
        except ServiceUnavailable as error:
            # The entry stays pending: the reconciler replaces it when the database is back.
            log.warning("not claimed: %s", error.message)
            return
        if claim is not None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks[task] = (claim, entry)
            with log_context(request_id=claim.request_id, video_id=claim.video_id, attempt=claim.attempt):
                await self._execute(claim)
        with contextlib.suppress(RedisError, OSError):
            await self._queue.settle(self.name, entry.entry_id)

    async def _execute(self, claim: Claim) -> None:
        if claim.crashes >= self._settings.max_crashes:
            error = MomentsError(
                f"The run ended its worker {claim.crashes} times.",
                code="dead_letter",
                advice="Look at the worker's log, then retry the run.",
            )
            await self._finish(claim, RunStatus.FAILED, error=error)
            return
        work = asyncio.create_task(self._guarded(claim))

        def stop_work(verdict: Verdict) -> None:
            self._verdicts[claim.run_id] = verdict
            log.info("stopping: %s", verdict)
            work.cancel()

        self._lease.hold(claim, stop_work)
        try:
            await work
        except asyncio.CancelledError:
            if not work.done():
                # This worker drains: the work ends before the run is handed back.
                work.cancel()
                await asyncio.wait({work}, timeout=self._settings.drain_seconds)
            await self._let_go(claim)
        finally:
            self._lease.drop(claim)
            self._verdicts.pop(claim.run_id, None)

    async def _guarded(self, claim: Claim) -> None:
        try:
            note = await self._work(claim, lambda clock, seconds: self._lease.watch(claim, clock, seconds))
        except StageFailed as failure:
            log.warning("failed: %s", failure.error.message)
            await self._finish(claim, RunStatus.FAILED, error=failure.error, stage=failure.stage)
        except StaleAttempt:
            log.warning("another worker has this run")
        except Exception:
            log.exception("failed without a reason of ours")
            error = MomentsError("Something went wrong inside VideoMoments.", advice="See the worker's log, and report it.")
            await self._finish(claim, RunStatus.FAILED, error=error)
        else:
            await self._finish(claim, RunStatus.COMPLETED, note=note)

    async def _let_go(self, claim: Claim) -> None:
        verdict = self._verdicts.get(claim.run_id)
        if verdict is Verdict.CANCELLED:
            await self._finish(claim, RunStatus.CANCELLED)
        elif verdict is None and self._draining:
            with contextlib.suppress(ServiceUnavailable):
                if await self._services.runs.hand_back(claim):
                    log.info("handed back")
        # Lost: another worker has it. Stalled: the lease lapses, and the next claim counts it as a crash.

    async def _finish(
        self,
        claim: Claim,
        status: RunStatus,
        *,
        error: MomentsError | None = None,
        stage: StageName | None = None,
        note: str | None = None,
    ) -> None:
        """Ends the run, as long as the lease lasts; a database that is away meanwhile is waited for."""
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(ServiceUnavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            stop=tenacity.stop_after_delay(self._settings.lease_seconds),
            reraise=True,
        )
        try:
            await retrying(self._services.runs.finish, claim, status, error=error, error_stage=stage, note=note)
        except StaleAttempt:
            log.warning("another worker has this run")
            return
        except ServiceUnavailable:
            log.error("the end could not be written; the run will be taken up again")
            return
        log.info("%s", status)
        await asyncio.to_thread(shutil.rmtree, self._settings.work_folder / claim.request_id, ignore_errors=True)

    async def _drain(self) -> None:
        self._draining = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.drain_seconds)

    async def _reconcile(self) -> None:
        swept = 0.0
        while True:
            try:
                if time.monotonic() - swept > _SWEEP_SECONDS or swept == 0.0:
                    await self._reconciler.sweep_folders(self._settings.work_folder)
                    swept = time.monotonic()
                await self._reconciler.run_once()
            except (RedisError, OSError, TimeoutError, MomentsError) as error:
                log.warning("reconciler: %s", error.__class__.__name__)
            except Exception:
                log.exception("reconciler")
            await asyncio.sleep(self._settings.reconcile_seconds)

    async def _keep_fresh(self) -> None:
        """Renews what Redis shows of held runs: the lock, and the idle time of their entries."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 4)
            for claim, entry in [held for held in self._tasks.values() if held is not None]:
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await self._services.runs.status.renew(claim.video_id, claim.request_id, claim.attempt)
                    await self._services.queue.freshen(self.name, entry.entry_id)
