"""Workers for tests: in this process, which is quick, or as a process of their own, which can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from support import backend
from support.fakes.stub_stages import stub_stages
from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.names import StageName, StageStatus
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.stage import ProgressClock, Stage
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.worker.app import build_adapters
from videomoments.worker.consumer import Worker

_SCRIPT = Path(__file__).parent / "fakes" / "worker_process.py"
# For what is sure to come: a limit for tests that hang, not for a machine that is slow.
WATCHDOG_SECONDS = 300.0


class MovedClock:
    """A monotonic clock that a test moves ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@asynccontextmanager
async def working(
    services: Services,
    *,
    count: int = 1,
    stages: tuple[Stage, ...] | None = None,
    renew_seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    seen: Callable[[Claim, ProgressClock], None] | None = None,
) -> AsyncIterator[list[asyncio.Event]]:
    """`count` workers in this process, with stages that follow the run's prompt unless others are given. Yields what stops each.
    `seen` is told each stage's clock as it begins."""
    parts = build_adapters(services.settings, services)
    played = stages or stub_stages()

    async def work(claim: Claim, watch: Watch) -> str | None:
        def watched(progress: ProgressClock, stall_seconds: float) -> None:
            if seen is not None:
                seen(claim, progress)
            watch(progress, stall_seconds)

        return await run_stages(claim, parts, watched, played)

    stops = [asyncio.Event() for _ in range(count)]
    workers = [Worker(services, work, parts.store, renew_seconds=renew_seconds, clock=clock) for _ in stops]
    running = [asyncio.create_task(worker.run(stop)) for worker, stop in zip(workers, stops, strict=True)]
    try:
        yield stops
    finally:
        for stop in stops:
            stop.set()
        await asyncio.gather(*running)
        await parts.aclose()


@dataclass
class WorkerProcess:
    """A worker process of ours, and what it logs."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """Asks it to end; answers its exit status."""
        self.process.terminate()
        return self.process.wait(WATCHDOG_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def worker_process(settings: Settings, *, stages: str = "stub", logs: Path | None = None, **environment: str) -> Iterator[WorkerProcess]:
    """A worker in a process of its own; killed at the end if it still runs. It logs into `logs`, or the data folder."""
    values = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "STORAGE_URL": settings.storage_url,
        "MOMENTS_HOME": str(settings.home),
        "MOMENTS_MODELS_URL": settings.models_url,
        "MOMENTS_MODELS_KEY": settings.models_key.get_secret_value() if settings.models_key else None,
        "MOMENTS_SIGNING_KEY": "test",
        "MOMENTS_LEASE_SECONDS": str(settings.lease_seconds),
        "MOMENTS_RECONCILE_SECONDS": str(settings.reconcile_seconds),
        "MOMENTS_DRAIN_SECONDS": str(settings.drain_seconds),
        "MOMENTS_LIMIT_PIPELINES": str(settings.limits.pipelines),
        "MOMENTS_MIN_FREE_BYTES": "0",
    }
    log = (logs or settings.home) / f"worker-{time.monotonic_ns()}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), stages],
            env=os.environ | {name: value for name, value in values.items() if value is not None} | environment,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield WorkerProcess(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = WATCHDOG_SECONDS) -> None:
    """Waits for the condition. Fails when it has not come true when the watchdog barks. A database that can't be asked just now is asked
    again: tests drop its connections, those that they ask through among them."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(ServiceUnavailable):
            if await condition():
                return
        assert time.monotonic() < end, f"it has not come true in {seconds:.0f} s"
        await asyncio.sleep(0.03)


async def until_logged(caplog: pytest.LogCaptureFixture, message: str) -> None:
    """Waits until something of this process has logged that."""

    async def told() -> bool:
        return message in caplog.text

    await until(told)


async def lapse(services: Services, *request_ids: str) -> None:
    """As if nobody had renewed the leases of these runs, or of all, in time: tests wait for no lease. It was while the database was up;
    one that lapsed before counts as no crash."""
    statement = """
        UPDATE pipeline_history SET lease_until = greatest(now() - interval '1 minute', pg_postmaster_start_time() + interval '1 ms')
        WHERE lease_until IS NOT NULL AND (:every OR identifier = ANY(:ids))
    """
    async with services.database.transaction() as session:
        await session.execute(text(statement), {"every": not request_ids, "ids": list(request_ids)})


async def renewed(services: Services, request_id: str, times: int = 1) -> None:
    """Waits until the run's lease was renewed so often."""
    question = "SELECT lease_until FROM pipeline_history WHERE identifier = :id"
    seen: set[Any] = set()

    async def again() -> bool:
        seen.add(await backend.one(services, question, id=request_id))
        return len(seen) > times

    await until(again)


async def end_of(services: Services, request_id: str, seconds: float = WATCHDOG_SECONDS) -> RunView:
    """The run, once it has ended."""

    async def is_over() -> bool:
        return backend.ended(await backend.run_of(services, request_id))

    await until(is_over, seconds)
    return await backend.run_of(services, request_id)


async def in_stage(services: Services, request_id: str, name: StageName, seconds: float = WATCHDOG_SECONDS) -> None:
    """Waits until the stage is being worked on."""

    async def is_there() -> bool:
        return stage_of(await backend.run_of(services, request_id), name).status is StageStatus.PROCESSING

    await until(is_there, seconds)


def stage_of(run: RunView, name: StageName) -> Any:
    return next(stage for stage in run.stages if stage.name is name)


def executions(run: RunView) -> list[int]:
    """How often each of the eight stages was started."""
    return [stage.executions for stage in run.stages]
