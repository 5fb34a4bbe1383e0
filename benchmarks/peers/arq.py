"""arq: a queue in Redis for asyncio. A worker polls; what it had taken when it died waits for a timeout."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from arq import create_pool, run_worker
from arq.connections import RedisSettings

from benchmarks.peers import stamps

SERVER = RedisSettings(unix_socket_path=os.environ["BENCH_REDIS"])


async def job(_: dict[Any, Any], number: int) -> None:
    """A no-op that says when it began."""
    stamps.started(number)


class Worker:
    """The settings that arq's worker reads. Its default poll of 0.5 s would be all that the latency shows."""

    functions = (job,)
    redis_settings = SERVER
    max_jobs = stamps.CONCURRENCY
    poll_delay = 0.01


async def produce(first: int, count: int, pause: float) -> None:
    """Adds jobs one after the other."""
    pool = await create_pool(SERVER)
    for number in range(first, first + count):
        stamps.added(number)
        await pool.enqueue_job("job", number)
        await asyncio.sleep(pause)
    await pool.aclose()


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        run_worker(Worker)
    else:
        asyncio.run(produce(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
