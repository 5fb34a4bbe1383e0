"""Celery on Redis, with its usual pool of processes."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery

from benchmarks.peers import stamps

app = Celery("peer", broker=f"redis+socket://{os.environ['BENCH_REDIS']}")
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, worker_prefetch_multiplier=4)


@app.task(name="job")
def job(number: int) -> None:
    """A no-op that says when it began."""
    stamps.started(number)


def produce(first: int, count: int, pause: float) -> None:
    """Adds jobs one after the other."""
    add: Any = job.delay
    for number in stamps.paced(first, count, pause):
        stamps.added(number)
        add(number)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        app.worker_main(
            ["worker", "--concurrency", str(os.cpu_count() or 2), "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
        )
    else:
        produce(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
