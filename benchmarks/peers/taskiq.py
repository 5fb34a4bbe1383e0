"""taskiq with taskiq-redis: a Redis stream with acknowledgements, the nearest to ours without a database."""

from __future__ import annotations

import asyncio
import os
import sys

from taskiq.cli.worker.run import run_worker
from taskiq_redis import RedisStreamBroker

from benchmarks.peers import stamps

broker = RedisStreamBroker(url=f"unix://{os.environ['BENCH_REDIS']}")


@broker.task(task_name="job")
async def job(number: int) -> None:
    """A no-op that says when it began."""
    stamps.started(number)


async def produce(first: int, count: int, pause: float) -> None:
    """Adds jobs one after the other."""
    await broker.startup()
    for number in range(first, first + count):
        stamps.added(number)
        await job.kiq(number)
        await asyncio.sleep(pause)
    await broker.shutdown()


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        from taskiq.cli.worker.args import WorkerArgs

        run_worker(WorkerArgs(broker="benchmarks.peers.taskiq:broker", modules=[], workers=1, max_async_tasks=stamps.CONCURRENCY))
    else:
        asyncio.run(produce(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
