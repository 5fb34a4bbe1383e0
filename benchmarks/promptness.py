"""How soon a worker hears: a cancellation inside a media child, a model call and an upload; SIGTERM; a run that changes hands.

Real stages, servers and processes as they are shipped; only the far side (model, object store) is played. Seconds from the word to the
end of all that it ends: the run's row, its folder, its child processes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.servers import TESTS, Servers, running_servers
from videomoments.core.config import Settings
from videomoments.core.names import StageName
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunOptions
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services, build_services

_CANCEL_LIMIT, _HAND_BACK_LIMIT, _START_LIMIT = 2.0, 5.0, 5.0
_LONG = 3600


@dataclass(frozen=True, slots=True)
class Place:
    """The fresh tables, keys and folders of one round."""

    services: Services
    settings: Settings
    folder: Path


Measure = Callable[[Place], Awaitable[float]]


def main(arguments: list[str]) -> int:
    """Prints median and worst of each. Returns 0, or 1 where `--check` was given and a median was beyond its limit."""
    parser = argparse.ArgumentParser(prog="make bench TASK=promptness", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--only", nargs="*", choices=list(_MEASURES), help="these alone")
    parser.add_argument("--check", action="store_true", help="exit 1 when a median is beyond its limit")
    options = parser.parse_args(arguments)
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.rounds} rounds, seconds\n")
    print(f"{'':<44}{'median':>8}{'worst':>8}{'limit':>8}")
    prompt = True
    with running_servers() as servers:
        for name in options.only or _MEASURES:
            measure, limit = _MEASURES[name]
            found = [asyncio.run(_round(servers, measure)) for _ in range(options.rounds)]
            print(f"{name:<44}{median(found):>8.2f}{max(found):>8.2f}{limit:>8.1f}", flush=True)
            prompt = prompt and median(found) <= limit
    return 1 if options.check and not prompt else 0


async def _round(servers: Servers, measure: Measure) -> float:
    from support.backend import clean_services, settings_over  # type: ignore[import-not-found]

    shipped = {name: Settings.model_fields[name].default for name in ("lease_seconds", "reconcile_seconds", "drain_seconds")}
    with tempfile.TemporaryDirectory(prefix="prompt") as name:
        stack: Any = _Stack(servers)
        settings = settings_over(stack, Path(name), **shipped)
        async for services in clean_services(settings):
            return await measure(Place(services, settings, Path(name)))
    raise AssertionError("there are always services")


class _Stack:
    """The part of a stack that the tests' settings need."""

    models_url = models_key = None

    def __init__(self, servers: Servers) -> None:
        self.database_url, self.redis_url = servers.database_url, servers.redis_url


async def _talk(place: Place, services: Services | None = None, **options: Any) -> Accepted:
    """Starts a run of a small real video."""
    from faults.world import draw_source  # type: ignore[import-not-found]

    services = services or place.services
    video, _ = await services.videos.register_local(draw_source(place.folder))
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))


async def _cancelled(services: Services, settings: Settings, run: Accepted) -> float:
    from support.workers import end_of, until  # type: ignore[import-not-found]

    async def cleared() -> bool:
        return not (settings.work_folder / run.request_id).exists() and not _media_children()

    began = time.perf_counter()
    await services.runs.request_cancel(run.request_id)
    await end_of(services, run.request_id)
    await until(cleared)
    return time.perf_counter() - began


def _media_children() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "videomoments.media.child" in process.cmdline():
                found.append(process)
    return found


async def _cancel_in_media_child(place: Place) -> float:
    from support.workers import until, working

    async def child() -> bool:
        return bool(_media_children())

    run = await _talk(place)
    async with working(place.services, stages=STAGES):
        await until(child)
        for process in _media_children():
            os.killpg(process.pid, signal.SIGSTOP)  # it would be done too soon
        return await _cancelled(place.services, place.settings, run)


async def _cancel_in_model_call(place: Place) -> float:
    from support.fakes.model_server import ModelServer, hang  # type: ignore[import-not-found]
    from support.workers import until, working

    async with ModelServer() as server, working(place.services, stages=STAGES):
        server.script += [hang()]
        model = ModelConfig(key="asr", kind=ModelKind.ASR, endpoint="/transcribe", model_name="asr", base_url=server.url)
        await place.services.models.put(model)
        run = await _talk(place, transcription_model="asr")

        async def asked() -> bool:
            return bool(server.requests)

        await until(asked)
        return await _cancelled(place.services, place.settings, run)


async def _cancel_in_upload(place: Place) -> float:
    from support.fakes.failing_s3 import FailingS3  # type: ignore[import-not-found]
    from support.workers import until, working

    async with AsyncExitStack() as exits:
        bucket = await exits.enter_async_context(FailingS3())
        os.environ.update(bucket.environment)
        settings = place.settings.model_copy(update={"storage_url": f"s3://{bucket.bucket}"})
        services = await exits.enter_async_context(_services(settings))
        run = await _talk(place, services)
        bucket.frozen = True

        async def uploading() -> bool:
            return bool(bucket.waiting)

        async with working(services, stages=STAGES):
            await until(uploading)
            seconds = await _cancelled(services, settings, run)
            bucket.frozen = False
        return seconds


@contextlib.asynccontextmanager
async def _services(settings: Settings) -> AsyncIterator[Services]:
    services = build_services(settings)
    try:
        yield services
    finally:
        await services.close()


async def _held(place: Place) -> Accepted:
    """Starts a run whose first attempt stays in a stage that stores something."""
    from support.backend import accepted

    return await accepted(place.services, prompt=json.dumps({"AUDIO_UPLOAD": {"store": True, "sleep": _LONG, "attempts": [1]}}))  # type: ignore[no-any-return]


async def _hand_back(place: Place) -> float:
    from support.backend import one
    from support.workers import in_stage, until, worker_process

    run = await _held(place)
    with worker_process(place.settings) as leaving:
        await in_stage(place.services, run.request_id, StageName.AUDIO_UPLOAD)
        began = time.perf_counter()
        leaving.process.terminate()
        await until(lambda: one(place.services, "SELECT lease_until IS NULL FROM pipeline_history"))
        seconds = time.perf_counter() - began
        await asyncio.to_thread(leaving.process.wait)
    return seconds


async def _leave(place: Place) -> float:
    from support.workers import in_stage, worker_process

    run = await _held(place)
    with worker_process(place.settings) as leaving:
        await in_stage(place.services, run.request_id, StageName.AUDIO_UPLOAD)
        began = time.perf_counter()
        await asyncio.to_thread(leaving.terminate)
        return time.perf_counter() - began


async def _taken(place: Place, run: Accepted) -> None:
    """Waits for the second attempt."""
    from support.backend import run_of
    from support.workers import until

    async def again() -> bool:
        return bool((await run_of(place.services, run.request_id)).attempt == 2)

    await until(again)


async def _hand_over(place: Place) -> float:
    from support.workers import in_stage, worker_process, working

    run = await _held(place)
    with worker_process(place.settings) as leaving:
        await in_stage(place.services, run.request_id, StageName.AUDIO_UPLOAD)
        async with working(place.services):
            began = time.perf_counter()
            leaving.process.terminate()
            await _taken(place, run)
            seconds = time.perf_counter() - began
            await asyncio.to_thread(leaving.process.wait)
    return seconds


async def _take_over(place: Place) -> float:
    from support.workers import in_stage, lapse, worker_process, working

    run = await _held(place)
    with worker_process(place.settings) as victim:
        await in_stage(place.services, run.request_id, StageName.AUDIO_UPLOAD)
        async with working(place.services):
            victim.kill()
            began = time.perf_counter()
            await lapse(place.services, run.request_id)
            await _taken(place, run)
            return time.perf_counter() - began


async def _deaf_start(place: Place) -> float:
    from support.backend import accepted, one
    from support.workers import end_of, until, working

    async with _services(place.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})) as deaf, working(place.services):
        await until(lambda: one(place.services, "SELECT count(*) FROM workers"))
        began = time.perf_counter()
        run = await accepted(deaf)
        await end_of(place.services, run.request_id)
        return time.perf_counter() - began


_MEASURES: dict[str, tuple[Measure, float]] = {
    "cancel in a media child": (_cancel_in_media_child, _CANCEL_LIMIT),
    "cancel in a model call": (_cancel_in_model_call, _CANCEL_LIMIT),
    "cancel in an upload": (_cancel_in_upload, _CANCEL_LIMIT),
    "hand-back at SIGTERM": (_hand_back, _HAND_BACK_LIMIT),
    "SIGTERM to the end of the process": (_leave, _HAND_BACK_LIMIT),
    "SIGTERM to another worker's claim": (_hand_over, _HAND_BACK_LIMIT),
    "lapse of a killed worker's lease to a claim": (_take_over, _HAND_BACK_LIMIT),
    "a run that Redis never heard of, to its end": (_deaf_start, _START_LIMIT),
}
