"""Runs that do nothing, through the real consumer, beside four job queues on the same servers.

`enqueue to start` is measured on idle workers, one job at a time; `runs per second` while one worker empties a full queue. Ours and
procrastinate are durable: a commit before and after each job. arq, taskiq-redis and Celery keep jobs in Redis alone, which may lose its
last second. The peers get an environment of their own in `.venv/peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.peers import stamps
from benchmarks.peers.environment import ROOT, peer_interpreter
from benchmarks.servers import Servers, running_servers

OURS = "moments"
PEERS = ("procrastinate", "arq", "taskiq", "celery")
DURABLE = (OURS, "procrastinate")
TARGET_MS = 10.0
_PATIENCE_SECONDS = 120.0
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Figures:
    """One round of one system: milliseconds, and runs per second."""

    p50: float
    p99: float
    rate: float


def main(arguments: list[str]) -> int:
    """Prints a table. Returns 0, or 1 where `--check` was given and a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks queue", description=__doc__)
    parser.add_argument("--singles", type=int, default=200, help="jobs whose latency is measured")
    parser.add_argument("--jobs", type=int, default=2000, help="jobs in the full queue")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds; medians are compared")
    parser.add_argument("--only", nargs="*", choices=(OURS, *PEERS), help="these alone")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args(arguments)
    systems = options.only or [OURS, *PEERS]
    peers = peer_interpreter() if set(systems) - {OURS} else None
    found: dict[str, list[Figures]] = {name: [] for name in systems}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{options.singles} singles, {options.jobs} queued, {stamps.CONCURRENCY} at once")
    for number in range(1, options.rounds + 1):
        for name in systems:
            python = Path(sys.executable) if name == OURS else peers
            assert python is not None
            # Each system has its own servers, so that no table or key of another is in the way.
            with running_servers() as servers, tempfile.TemporaryDirectory(prefix="bench") as folder:
                figures = measure(name, python, servers, Path(folder), options.singles, options.jobs)
            found[name].append(figures)
            print(
                f"  round {number}: {name:<14} p50 {figures.p50:7.1f} ms  p99 {figures.p99:7.1f} ms  {figures.rate:7.0f} runs/s", flush=True
            )
    medians = {
        name: Figures(*(median(getattr(one, part) for one in rounds) for part in ("p50", "p99", "rate"))) for name, rounds in found.items()
    }
    reached = report(medians)
    if options.json:
        table = {name: {"p50_ms": one.p50, "p99_ms": one.p99, "per_second": one.rate} for name, one in medians.items()}
        options.json.write_text(json.dumps(table, indent=2) + "\n")
    return 1 if options.check and not reached else 0


def report(medians: dict[str, Figures]) -> bool:
    """Prints the medians. Returns whether both targets are reached."""
    print("\nmedians          enqueue to start     full queue")
    for name, one in medians.items():
        kind = "durable" if name in DURABLE else "not durable"
        print(f"  {name:<14} p50 {one.p50:6.1f} ms  p99 {one.p99:6.1f} ms  {one.rate:7.0f} runs/s   {kind}")
    ours, rival = medians.get(OURS), medians.get("procrastinate")
    if ours is None:
        return False
    print(f"\nenqueue to start p50 {ours.p50:.1f} ms; target at most {TARGET_MS:.0f} ms")
    if rival is None:
        return ours.p50 <= TARGET_MS
    print(f"runs per second {ours.rate / rival.rate:.2f} of procrastinate's; target at least 1.00")
    if light := {name: one.rate for name, one in medians.items() if name not in DURABLE}:
        name = max(light, key=lambda key: light[key])
        print(f"price of durability: {light[name] / ours.rate:.1f} times the work of {name}, the quickest that may lose jobs")
    return ours.p50 <= TARGET_MS and ours.rate >= rival.rate


def measure(name: str, python: Path, servers: Servers, folder: Path, singles: int, jobs: int) -> Figures:
    """Measures one system: single jobs on an idle worker, then a full queue that a fresh worker empties."""
    run = _System(name, python, servers, folder)
    run.produce(0, 1, 0.0)  # tables and streams
    with run.worker():
        run.wait_for(1)
        run.produce(1, 20, _PAUSE)  # warm
        run.produce(21, singles, _PAUSE)
        run.wait_for(21 + singles)
    first = 21 + singles
    run.produce(first, jobs, 0.0)
    with run.worker():
        run.wait_for(first + jobs)
    added, started = stamps.read(folder, "added"), stamps.read(folder, "started")
    waits = [(started[job] - added[job]) / 1e6 for job in range(21, first)]
    drained = sorted(started[job] for job in range(first, first + jobs))
    return Figures(median(waits), quantiles(waits, n=100)[-1], (jobs - 1) / (drained[-1] - drained[0]) * 1e9)


class _System:
    """The processes of one system under measurement."""

    def __init__(self, name: str, python: Path, servers: Servers, folder: Path) -> None:
        self._command = [str(python), "-m", f"benchmarks.{'runs' if name == OURS else f'peers.{name}'}"]
        self._folder = folder
        self._log = folder / "log"
        self._environment = os.environ | servers.environment | {"BENCH_STAMPS": str(folder), "PYTHONPATH": str(ROOT)}

    def produce(self, first: int, count: int, pause: float) -> None:
        subprocess.run([*self._command, "produce", str(first), str(count), str(pause)], cwd=ROOT, env=self._environment, check=True)

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*self._command, "worker"], cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield
        except BaseException:
            print(self._log.read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_for(self, count: int) -> None:
        """Waits until so many jobs in all have started. Raises TimeoutError after 120 seconds."""
        path, deadline = self._folder / "started", time.monotonic() + _PATIENCE_SECONDS
        while not path.exists() or path.read_bytes().count(b"\n") < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} jobs did not start within {_PATIENCE_SECONDS:.0f} s")
            time.sleep(0.05)
