"""The status route, as pollers ask it, beside a FastAPI route that does nothing: processor time per request, in one run.

Both are served by uvicorn in processes of their own. The CPU seconds of the serving process alone count; the database's own are not in it.
Then a page of 10,000 videos, the memory of the API before and after all this, and many pollers at once (`pollers.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import pollers
from benchmarks.servers import running_servers
from videomoments.db.migrate import upgrade

_EMPTY = """
import socket, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def empty():
    return {}
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(2048)
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None)).run(sockets=[listener])
"""
_OURS = Path(__file__).resolve().parent.parent / "moments-backend" / "tests" / "support" / "fakes" / "api_process.py"
_SEED = """
    INSERT INTO videos (identifier, title, source_url, source_key, created_at)
    SELECT 'bench-' || n, 'Talk ' || n, 'https://example.com/' || n, 'bench ' || n, now() - n * interval '1 second'
    FROM generate_series(1, :count) AS n
"""
_AT_ONCE = 20


def main(arguments: list[str]) -> int:
    """Prints the figures. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks api", description=__doc__)
    parser.add_argument("--requests", type=int, default=3000, help="requests of each kind and round")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds; medians are compared")
    parser.add_argument("--pollers", type=int, nargs="*", default=[500, 2000])
    parser.add_argument("--runs", type=int, default=50, help="active runs that are polled")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they poll")
    parser.add_argument("--videos", type=int, default=10_000)
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with running_servers() as servers:
        asyncio.run(_seed(servers.database_url, options.videos))
        with _served(["-c", _EMPTY], {}) as empty, _served([str(_OURS)], servers.environment | {"MOMENTS_LOG_LEVEL": "WARNING"}) as ours:
            asyncio.run(_measure(empty, ours, options))
            counts = tuple(options.pollers)
            asyncio.run(pollers.measure(*ours, servers.database_url, pollers=counts, runs=options.runs, seconds=options.seconds))
    return 0


async def _seed(url: str, count: int) -> None:
    await upgrade(url)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(_SEED), {"count": count})
    await engine.dispose()


@contextmanager
def _served(command: list[str], environment: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """Yields the address and process of a server that prints its port."""
    process = subprocess.Popen([sys.executable, *command], env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}", psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


async def _measure(empty: tuple[str, psutil.Process], ours: tuple[str, psutil.Process], options: argparse.Namespace) -> None:
    limits = httpx.Limits(max_connections=_AT_ONCE)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        accepted = await client.post(f"{ours[0]}/api/pipeline/bench-1/start")
        accepted.raise_for_status()
        status = f"{ours[0]}/api/pipeline/bench-1/status"
        etag = (await client.get(status)).headers["ETag"]
        asked = {"empty": (empty, f"{empty[0]}/", {}), "200": (ours, status, {}), "304": (ours, status, {"If-None-Match": etag})}
        found: dict[str, list[float]] = {name: [] for name in asked}
        before = ours[1].memory_info().rss
        for place in range(options.rounds + 1):
            for name, ((_, process), url, headers) in asked.items():
                used = await _cpu(client, process, url, headers, 200 if place == 0 else options.requests)
                found[name] += [used] if place else []  # the first round warms up
        middle = {name: median(values) for name, values in found.items()}
        for name, micros in middle.items():
            print(f"{name:>6}: {micros:6.0f} us of processor time a request, {micros / middle['empty']:.2f}x the empty route")
        page = f"{ours[0]}/api/videos?limit=50"
        times = []
        for _ in range(200):
            began = time.perf_counter()
            (await client.get(page)).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
        print(f"a page of {options.videos} videos: p50 {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms")
        print(f"memory of the API: {before / 2**20:.0f} MiB before, {ours[1].memory_info().rss / 2**20:.0f} MiB after")


async def _cpu(client: httpx.AsyncClient, process: psutil.Process, url: str, headers: dict[str, str], count: int) -> float:
    """Returns the microseconds of the server's processor time per request, over `count` requests."""

    async def some(number: int) -> None:
        for _ in range(number):
            (await client.get(url, headers=headers)).read()

    began = process.cpu_times()
    await asyncio.gather(*(some(count // _AT_ONCE) for _ in range(_AT_ONCE)))
    ended = process.cpu_times()
    seconds = float(ended.user + ended.system - began.user - began.system)
    return seconds / (count // _AT_ONCE * _AT_ONCE) * 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
