"""Measures pollers of the status route, each every two seconds, while half of the runs change: how long they wait, how old what they see
is, and whether the API's memory stays flat. Part of `make bench TASK=api`."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from statistics import median, quantiles

import aiohttp
import psutil  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_EVERY = 2.0
_WRITES_EVERY = 0.5
_WRITE = text("UPDATE pipeline_history SET note = :version WHERE status = 'queued' AND id % 2 = 0")


@dataclass
class _Seen:
    """What was measured. `written` holds, by version, when it was committed."""

    written: list[float] = field(default_factory=lambda: [time.monotonic()])
    waits: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    failures: int = 0

    def age(self, version: int, asked: float) -> float:
        """Returns for how many seconds, at the time of the request, a newer version had already existed."""
        return max(0.0, asked - self.written[version + 1]) if version + 1 < len(self.written) else 0.0


async def measure(base: str, process: psutil.Process, database_url: str, *, pollers: tuple[int, ...], runs: int, seconds: float) -> None:
    """Starts the runs, and prints a line for each number of pollers."""
    videos = [f"bench-{number}" for number in range(1, runs + 1)]
    engine = create_async_engine(database_url)
    async with aiohttp.ClientSession(base, connector=aiohttp.TCPConnector(limit=0)) as client:
        for video in videos:
            async with client.post(f"/api/pipeline/{video}/start") as answer:
                assert answer.status in (202, 409), answer.status
        for count in pollers:
            seen = _Seen()
            used = _cpu(process)
            await _poll(client, process, engine, videos, count, seconds, seen)
            _print(count, seen, (_cpu(process) - used) / seconds)
    await engine.dispose()


async def _poll(
    client: aiohttp.ClientSession,
    process: psutil.Process,
    engine: AsyncEngine,
    videos: list[str],
    count: int,
    seconds: float,
    seen: _Seen,
) -> None:
    async with engine.begin() as connection:
        await connection.execute(_WRITE, {"version": "0"})
    ends = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(_writer(engine, ends, seen))
        group.create_task(_watch(process, ends, seen))
        for number in range(count):
            group.create_task(_poller(client, videos[number % len(videos)], ends, seen))


async def _writer(engine: AsyncEngine, ends: float, seen: _Seen) -> None:
    while time.monotonic() < ends:
        await asyncio.sleep(_WRITES_EVERY)
        async with engine.begin() as connection:
            await connection.execute(_WRITE, {"version": str(len(seen.written))})
        seen.written.append(time.monotonic())


async def _watch(process: psutil.Process, ends: float, seen: _Seen) -> None:
    while time.monotonic() < ends:
        seen.memory.append(process.memory_info().rss)
        await asyncio.sleep(1.0)


async def _poller(client: aiohttp.ClientSession, video: str, ends: float, seen: _Seen) -> None:
    etag, version = "", 0
    await asyncio.sleep(random.uniform(0, _EVERY))
    while (asked := time.monotonic()) < ends:
        try:
            async with client.get(f"/api/pipeline/{video}/status", headers={"If-None-Match": etag} if etag else {}) as answer:
                body = await answer.json() if answer.status == 200 else None
            seen.statuses[answer.status] = seen.statuses.get(answer.status, 0) + 1
            if body is not None:
                etag, version = answer.headers["ETag"], int(body["note"]) if body["note"] else -1
        except (aiohttp.ClientError, OSError):
            seen.failures += 1
            continue
        seen.waits.append(time.monotonic() - asked)
        if version >= 0:
            seen.ages.append(seen.age(version, asked))
        await asyncio.sleep(max(0.0, _EVERY - (time.monotonic() - asked)))


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _print(count: int, seen: _Seen, cores: float) -> None:
    ranks = quantiles(seen.waits, n=100)
    third = max(1, len(seen.memory) // 3)
    first, last = max(seen.memory[:third]) / 2**20, max(seen.memory[-third:]) / 2**20
    kinds = ", ".join(f"{number} of {status}" for status, number in sorted(seen.statuses.items()))
    print(
        f"{count} pollers: {len(seen.waits)} answers ({kinds}), {seen.failures} failures; "
        f"wait p50 {median(seen.waits) * 1000:.1f} ms, p95 {ranks[94] * 1000:.1f} ms, p99 {ranks[98] * 1000:.1f} ms; "
        f"{cores:.2f} cores; age when asked p95 {quantiles(seen.ages, n=20)[-1]:.2f} s, most {max(seen.ages):.2f} s; "
        f"memory {first:.0f} MiB in the first third, {last:.0f} in the last",
        flush=True,
    )
