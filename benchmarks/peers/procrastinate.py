"""procrastinate: a queue in PostgreSQL, as durable as ours. Its worker is woken by NOTIFY."""

from __future__ import annotations

import asyncio
import os
import sys

from procrastinate import App, PsycopgConnector

from benchmarks.peers import stamps

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"], min_size=2, max_size=stamps.CONCURRENCY))


@app.task(name="job")
async def job(number: int) -> None:
    """A no-op that says when it began."""
    stamps.started(number)


async def work() -> None:
    """Works until SIGTERM."""
    async with app.open_async():
        await app.run_worker_async(concurrency=stamps.CONCURRENCY, shutdown_graceful_timeout=5)


async def produce(first: int, count: int, pause: float) -> None:
    """Adds jobs one after the other; number 0 makes the tables as well."""
    async with app.open_async():
        if first == 0:
            await app.schema_manager.apply_schema_async()
        for number in range(first, first + count):
            stamps.added(number)
            await job.defer_async(number=number)
            await asyncio.sleep(pause)


if __name__ == "__main__":
    asyncio.run(work() if sys.argv[1] == "worker" else produce(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
