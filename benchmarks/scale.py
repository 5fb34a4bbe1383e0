"""Workers in proportion, and a long queue.

Runs whose fifth stage waits for a scripted model are carried out by 1, 2 and 4 worker processes; twice the workers should do twice the
runs. Then 10,000 runs are queued: neither the API nor a worker may grow, and a page of the list stays quick.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from typing import Any

import psutil  # type: ignore[import-untyped]
from sqlalchemy import text

from benchmarks.servers import TESTS, Servers, running_servers
from videomoments.core.config import Settings
from videomoments.db.migrate import upgrade
from videomoments.db.repositories.metric_totals import QueueState
from videomoments.services.options import RunOptions
from videomoments.services.wiring import Services, build_services

MIB = 1024 * 1024
COUNTS = (1, 2, 4)
TARGET_SHARE, TARGET_GROWTH, TARGET_PAGE_MS = 0.90, 1.10, 50.0
_AT_ONCE = 20


def main(arguments: list[str]) -> int:
    """Prints what was measured. Returns 0, or 1 where `--check` was given and a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long the scripted model thinks")
    parser.add_argument("--runs", type=int, default=8, help="runs for each worker")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are compared")
    parser.add_argument("--queued", type=int, default=10_000, help="length of the long queue")
    parser.add_argument("--queue-only", action="store_true", help="leave the workers out")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    proportional = True
    if not options.queue_only:
        with running_servers() as servers:
            os.environ.update(servers.environment)
            asyncio.run(_prepare())
            proportional = measure_workers(servers, options.seconds, options.runs, options.rounds)
    with running_servers() as servers:
        os.environ.update(servers.environment)
        asyncio.run(_prepare())
        flat = measure_queue(servers, options.queued)
    return 1 if options.check and not (proportional and flat) else 0


def measure_workers(servers: Servers, seconds: float, runs: int, rounds: int) -> bool:
    """Returns whether 2 and 4 workers do at least nine tenths of 2 and 4 times the work of one."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    for number in range(1, rounds + 1):
        for count in COUNTS:
            rates[count].append(asyncio.run(_rate(servers, count, seconds, count * runs)))
            print(f"  round {number}: {count} workers {rates[count][-1]:6.2f} runs/s", flush=True)
    medians = {count: median(found) for count, found in rates.items()}
    shares = {count: medians[count] / (count * medians[1]) for count in COUNTS}
    for count in COUNTS:
        print(f"{count} workers {medians[count]:6.2f} runs/s, {shares[count]:.2f} of proportional; target at least {TARGET_SHARE:.2f}")
    return min(shares.values()) >= TARGET_SHARE


async def _rate(servers: Servers, workers: int, seconds: float, runs: int) -> float:
    """Returns the runs per second between the first start and the last end, by the database's clock."""
    services = build_services(Settings())
    try:
        async with services.database.transaction() as session:
            await session.execute(text("DELETE FROM videos"))
        with contextlib.ExitStack() as stack:
            for _ in range(workers):
                stack.enter_context(_process(servers, "worker_process.py", "stub"))
            await _until(services, lambda state: state.workers >= workers)
            await queue(services, runs, json.dumps({"MOMENT_GENERATION": {"slot": 1, "sleep": seconds}}))
            await _until(services, lambda state: state.queued + state.processing == 0)
        statement = text(
            "SELECT extract(epoch FROM max(completed_at) - min(started_at)) FROM pipeline_history "
            "WHERE status = 'completed' AND attempt = 1 HAVING count(*) = :runs"
        )
        return runs / float((await services.database.execute(statement, {"runs": runs})).scalar_one())
    finally:
        await services.close()


async def _until(services: Services, reached: Callable[[QueueState], bool]) -> None:
    while not reached(await services.totals.state()):  # noqa: ASYNC110 - other processes change it
        await asyncio.sleep(0.1)


def measure_queue(servers: Servers, queued: int) -> bool:
    """Returns whether memory stays flat and pages quick when the queue is long."""
    with _process(servers, "api_process.py") as api, _process(servers, "worker_process.py", "stub") as worker:
        assert api.stdout is not None
        url = f"http://127.0.0.1:{int(api.stdout.readline())}/api/pipeline?limit=50"
        asyncio.run(_queue(50, "{}"))
        _pages(url, 200)
        time.sleep(10)
        small = {"API": _pss(api), "worker": _pss(worker)}
        # The worker stays busy meanwhile, so that the queue keeps its length.
        began = time.monotonic()
        asyncio.run(_queue(queued, '{"TRANSCRIPTION": {"sleep": 30}}'))
        print(f"{queued} runs queued in {time.monotonic() - began:.0f} s")
        pages = _pages(url, 200)
        time.sleep(10)
        large = {"API": _pss(api), "worker": _pss(worker)}
    growth = {name: large[name] / small[name] for name in small}
    for name, before in small.items():
        print(f"{name}: {before / MIB:.0f} MiB before, {large[name] / MIB:.0f} MiB with {queued} queued: {growth[name]:.2f} times")
    print(f"target at most {TARGET_GROWTH:.2f}")
    p95 = quantiles(pages, n=20)[-1]
    print(f"a page of 50 runs: p50 {median(pages):.1f} ms, p95 {p95:.1f} ms; target p50 under {TARGET_PAGE_MS:.0f} ms")
    return max(growth.values()) <= TARGET_GROWTH and median(pages) < TARGET_PAGE_MS


async def queue(services: Services, count: int, prompt: str) -> None:
    """Accepts `count` runs, each of its own video."""
    snapshot = await services.models.snapshot(RunOptions(prompt=prompt))
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            video, _ = await services.videos.register_url(f"https://example.com/{time.monotonic_ns()}-{number}.mp4")
            await services.runs.accept(video.identifier, snapshot)

    await asyncio.gather(*(one(number) for number in range(count)))


async def _queue(count: int, prompt: str) -> None:
    services = build_services(Settings(), pool_size=_AT_ONCE)
    try:
        await queue(services, count, prompt)
    finally:
        await services.close()


async def _prepare() -> None:
    services = build_services(Settings())
    try:
        await upgrade(services.database.url)
        await services.models.seed()
        for model in await services.models.list():
            await services.models.put(model.model_copy(update={"max_concurrency": 16}))
    finally:
        await services.close()


@contextlib.contextmanager
def _process(servers: Servers, script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Yields one of the tests' processes: a worker with scripted stages, or an API that prints its port."""
    log = servers.home / f"{script}.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(TESTS / "support" / "fakes" / script), *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=dict(os.environ),
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _pages(url: str, count: int) -> list[float]:
    """Returns the milliseconds of each of `count` requests."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        with urllib.request.urlopen(url) as answer:
            page: Any = json.load(answer)
        found.append((time.perf_counter() - began) * 1e3)
        assert len(page["items"]) == 50
    return found


def _pss(process: subprocess.Popen[str]) -> int:
    """Returns the proportional size in bytes, or the resident one where the system has no proportional one."""
    memory = psutil.Process(process.pid).memory_full_info()
    return int(getattr(memory, "pss", memory.rss))
