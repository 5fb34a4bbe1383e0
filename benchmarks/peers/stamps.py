"""When each job was added and when it started, as lines of two files that many processes append to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

CONCURRENCY = 10
"""Jobs at once, in every system."""


def added(job: int) -> None:
    """Called right before a job is handed to its queue."""
    _append("added", job)


def started(job: int) -> None:
    """All that a job does."""
    _append("started", job)


def paced(first: int, count: int, pause: float) -> Iterator[int]:
    """The numbers of jobs to add, `pause` seconds apart."""
    for number in range(first, first + count):
        yield number
        if pause:
            time.sleep(pause)


def read(folder: Path, name: str) -> dict[int, int]:
    """Nanoseconds of the clock by job. A job that was done twice would be seen by its second line: the first one counts."""
    path = folder / name
    found: dict[int, int] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        job, stamp = line.split()
        found.setdefault(int(job), int(stamp))
    return found


_open: dict[str, int] = {}


def _append(name: str, job: int) -> None:
    if name not in _open:
        path = Path(os.environ["BENCH_STAMPS"]) / name
        _open[name] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(_open[name], b"%d %d\n" % (job, time.time_ns()))
