"""Workers for tests: in this process, which is quick, or as a process of their own, which can be killed."""

from __future__ import annotations

import asyncio
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

import backend
from fakes.stub_stages import stub_stages
from videomoments.core.config import Settings
from videomoments.core.names import StageName, StageStatus
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.stage import Stage
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.worker.app import build_parts
from videomoments.worker.consumer import Worker

_SCRIPT = Path(__file__).parent / "fakes" / "worker_process.py"


@asynccontextmanager
async def working(services: Services, *, count: int = 1, stages: tuple[Stage, ...] | None = None) -> AsyncIterator[list[asyncio.Event]]:
    """`count` workers in this process, with stages that follow the run's prompt unless others are given. Yields what stops each."""
    parts = build_parts(services.settings, services)
    played = stages or stub_stages()

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, parts, watch, played)

    stops = [asyncio.Event() for _ in range(count)]
    running = [asyncio.create_task(Worker(services, work, parts.store).run(stop)) for stop in stops]
    try:
        yield stops
    finally:
        for stop in stops:
            stop.set()
        await asyncio.gather(*running)
        await parts.chat.aclose()
        await parts.slots.close()


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
        return self.process.wait(30)

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


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60.0) -> float:
    """Waits for the condition; answers how many seconds it took. Fails when it does not come true in time."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.03)
    return time.monotonic() - began


async def end_of(services: Services, request_id: str, seconds: float = 90.0) -> RunView:
    """The run, once it has ended."""

    async def is_over() -> bool:
        return backend.ended(await backend.run_of(services, request_id))

    await until(is_over, seconds)
    return await backend.run_of(services, request_id)


async def in_stage(services: Services, request_id: str, name: StageName, seconds: float = 60.0) -> float:
    """Waits until the stage is being worked on."""

    async def is_there() -> bool:
        return stage_of(await backend.run_of(services, request_id), name).status is StageStatus.PROCESSING

    return await until(is_there, seconds)


def stage_of(run: RunView, name: StageName) -> Any:
    return next(stage for stage in run.stages if stage.name is name)


def executions(run: RunView) -> list[int]:
    """How often each of the eight stages was started."""
    return [stage.executions for stage in run.stages]
