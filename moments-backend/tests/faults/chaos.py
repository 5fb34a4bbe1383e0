"""`make chaos`: thousands of runs while workers and Valkey are killed; nothing may be lost, done twice, written late or left behind.

Five producers start runs with stub stages (one stores an object, one saves moments), ten worker processes work on them. Every quarter of a
second there is a chance of 6 % that a worker is killed, of 2 % that Valkey is, and of 5 % that the next run kills whoever takes it. The
last line counts what must be 0. `--seed` plays the same chances again, `--seconds` bounds the time in which runs are started.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import text

from faults.leftovers import consumers, leftover_keys, swept
from faults.state import misnamed
from support.fakes.stub_stages import stub_stages
from support.stack import embedded_settings, short_home
from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError, TooMany
from videomoments.core.logging import configure_logging
from videomoments.db.migrate import upgrade
from videomoments.embedded import running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import revive
from videomoments.embedded.process_identity import Record
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.services.options import RunOptions
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services, build_services
from videomoments.storage import configured_store
from videomoments.worker.app import build_adapters
from videomoments.worker.consumer import Worker

PRODUCERS, WORKERS = 5, 10
TICK_SECONDS = 0.25
KILL_VALKEY, KILL_WORKER, DEADLY_RUN = 0.02, 0.06, 0.05
LEASE_SECONDS = 10.0
_PATIENCE_SECONDS = 120.0
MOMENTS = 2
_ORDINARY = json.dumps({"AUDIO_UPLOAD": {"store": True}, "MOMENT_GENERATION": {"moments": MOMENTS}})
_DEADLY = json.dumps({"AUDIO_UPLOAD": {"store": True}, "MOMENT_GENERATION": {"moments": MOMENTS}, "CLIP_EXTRACTION": {"exit": 137}})


@dataclass(frozen=True)
class Plan:
    """One storm."""

    runs: int
    seconds: float
    seed: int
    settings: Settings
    folder: Path

    def accepted(self) -> dict[str, bool]:
        """Request ids that were answered with a 202, and whether they are deadly."""
        lines = [line for path in self.folder.glob("accepted-*") for line in path.read_text().splitlines()]
        return {request_id: kind == "deadly" for request_id, kind in (line.split() for line in lines)}


async def _produce(plan: Plan, number: int) -> None:
    """Starts its share of the runs, each of a video of its own. Its answers go into a file, as a caller would keep them."""
    services = build_services(plan.settings, pool_size=2)
    snapshots = [await services.models.snapshot(RunOptions(prompt=prompt)) for prompt in (_ORDINARY, _DEADLY)]
    chance = random.Random(f"{plan.seed}/{number}")
    next_tick, end, deadly = time.monotonic(), time.monotonic() + plan.seconds, False
    with (plan.folder / f"accepted-{number}").open("a", buffering=1) as answers:
        for run in range(plan.runs // PRODUCERS):
            while time.monotonic() >= next_tick:
                next_tick += TICK_SECONDS
                deadly = deadly or chance.random() < DEADLY_RUN / PRODUCERS
            if time.monotonic() > end:
                break
            request_id = await _accepted(services, f"https://example.com/{number}/{run}.mp4", snapshots[deadly])
            answers.write(f"{request_id} {'deadly' if deadly else 'ordinary'}\n")
            deadly = False
    await services.close()


async def _accepted(services: Services, url: str, snapshot: Any) -> str:
    """The 202; a full queue is waited for, as a caller would. Each try is the same start (`Idempotency-Key`)."""
    while True:
        try:
            video, _ = await services.videos.register_url(url)
            return (await services.runs.accept(video.identifier, snapshot, idempotency_key=url)).request_id
        except TooMany:
            await asyncio.sleep(0.2)
        except MomentsError as error:
            if not error.retryable:
                raise
            await asyncio.sleep(0.2)


async def _work(plan: Plan) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = build_services(plan.settings, pool_size=3)
    parts = build_adapters(plan.settings, services)
    stages = stub_stages()

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, parts, watch, stages)

    await Worker(services, work, parts.store).run(stop)
    await parts.aclose()
    await services.close()


class Storm:
    """Forks workers and producers out of this process, which has everything imported and no event loop, and strikes them."""

    def __init__(self, plan: Plan, home: Path) -> None:
        self.plan = plan
        self.home = home
        self.workers: list[int] = []
        self.producers: list[int] = []
        self.counts = {"workers killed": 0, "workers ended by a run": 0, "Valkey killed": 0}
        self._chance = random.Random(plan.seed)

    def fork(self, work: Callable[[], Awaitable[None]], log: str) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            descriptor = os.open(self.plan.folder / log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(descriptor, 2)
            configure_logging("WARNING")
            asyncio.run(work())  # type: ignore[arg-type]
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)

    def start_worker(self) -> None:
        self.workers.append(self.fork(lambda: _work(self.plan), "workers.log"))

    def rage(self) -> None:
        """From the first start to the last, and on until all runs have ended."""
        for number in range(PRODUCERS):
            self.producers.append(self.fork(lambda number=number: _produce(self.plan, number), f"producer-{number}.log"))
        for _ in range(WORKERS):
            self.start_worker()
        while self.producers:
            time.sleep(TICK_SECONDS)
            self._bury()
            if self._chance.random() < KILL_WORKER and self.workers:
                self._kill_worker()
            if self._chance.random() < KILL_VALKEY:
                self._kill_valkey()

    def _kill_worker(self) -> None:
        victim = self._chance.choice(self.workers)
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        self.workers.remove(victim)
        self.counts["workers killed"] += 1
        self.start_worker()

    def _kill_valkey(self) -> None:
        record = Record.load(Layout.of(embedded_settings(self.home)), "valkey")
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        revive(embedded_settings(self.home), models=False)
        self.counts["Valkey killed"] += 1

    def _bury(self) -> None:
        """Replaces workers that a run has ended, and notes producers that are done."""
        for pid in [*self.workers]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.workers.remove(pid)
                self.counts["workers ended by a run"] += 1
                self.start_worker()
        for pid in [*self.producers]:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self.producers.remove(pid)
                assert status == 0, "\n".join(path.read_text()[-3000:] for path in self.plan.folder.glob("producer-*.log"))

    def calm(self, patience: float) -> bool:
        """Waits for all runs to end; workers that a deadly run still ends are replaced. False: none has ended for `patience` seconds."""
        before, deadline = 0, time.monotonic() + patience
        while active := asyncio.run(_active(self.plan.settings)):
            if active != before:
                before, deadline = active, time.monotonic() + patience
            if time.monotonic() > deadline:
                print(f"{active} runs are left, and none has ended for {patience:.0f} s")
                return False
            until = time.monotonic() + 2.0
            while time.monotonic() < until:
                time.sleep(TICK_SECONDS)
                self._bury()
        # Dead workers are retired two leases after their last sign.
        time.sleep(3 * LEASE_SECONDS)
        self._bury()
        return True

    def stop(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)
        for pid in self.workers:
            os.waitpid(pid, 0)
        self.workers.clear()

    def kill_all(self) -> None:
        """Whatever happened: no process of ours stays."""
        for pid in [*self.workers, *self.producers]:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


async def _active(settings: Settings) -> int:
    services = build_services(settings)
    try:
        async with services.database.transaction() as session:
            return int(await session.scalar(text("SELECT count(*) FROM pipeline_history WHERE completed_at IS NULL")) or 0)
    finally:
        await services.close()


# Each row an effect that is there twice, or not at all: two moments and one object for every completed run.
_EFFECTS = text("""
    SELECT run.identifier, count(moments.id) AS moments, count(DISTINCT moments.position) AS places, videos.audio_url IS NOT NULL AS stored
    FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id LEFT JOIN moments ON moments.run_id = run.id
    WHERE run.status = 'completed' GROUP BY run.id, videos.id
    HAVING count(moments.id) <> :moments OR count(DISTINCT moments.position) <> :moments OR videos.audio_url IS NULL
""")
# The attempts of a run rise from stage to stage: a stage that an older attempt wrote after a newer one had begun breaks the order.
_STALE = text("""
    WITH written AS (
        SELECT run.id, position, run.attempt AS newest, CAST(checkpoint ->> 'attempt' AS bigint) AS attempt,
               lag(CAST(checkpoint ->> 'attempt' AS bigint)) OVER (PARTITION BY run.id ORDER BY position) AS before
        FROM pipeline_history AS run JOIN pipeline_stages ON run_id = run.id WHERE checkpoint IS NOT NULL
    ), published AS (
        SELECT run.id FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
        JOIN pipeline_stages AS stage ON stage.run_id = run.id AND stage.name = 'AUDIO_UPLOAD' AND stage.status = 'completed'
        WHERE videos.audio_url NOT LIKE '%-' || (stage.checkpoint ->> 'attempt') || '.wav'
    )
    SELECT (SELECT count(*) FROM written WHERE attempt < before OR attempt > newest) + (SELECT count(*) FROM published)
""")
_REPEATED = text("""
    SELECT count(*) FROM pipeline_history AS run JOIN pipeline_stages ON run_id = run.id WHERE executions > run.attempt
""")
_ENDED = text("SELECT identifier, status, error_code, crashes FROM pipeline_history")


async def _verdict(plan: Plan) -> dict[str, int]:
    """What must be 0, after one sweep."""
    services = build_services(plan.settings)
    store = configured_store(plan.settings)
    objects_swept = await swept(services, store)
    async with services.database.transaction() as session:
        rows = {row.identifier: row for row in await session.execute(_ENDED)}
        twice = (await session.execute(_EFFECTS, {"moments": MOMENTS})).all()
        stale = int(await session.scalar(_STALE) or 0)
        repeated = int(await session.scalar(_REPEATED) or 0)
        attempts = int(await session.scalar(text("SELECT sum(attempt) FROM pipeline_history")) or 0)
        workers = int(await session.scalar(text("SELECT count(*) FROM workers")) or 0)
    accepted = plan.accepted()
    lost, bystanders = [], 0
    for request_id, deadly in accepted.items():
        row = rows.get(request_id)
        dead = row is not None and row.error_code == "dead_letter" and row.crashes >= plan.settings.max_crashes
        if row is None or not (dead if deadly else row.status == "completed" or dead):
            lost.append((request_id, deadly, row))
        bystanders += dead and not deadly
    unasked = len(rows.keys() - accepted.keys())
    for example in (*lost[:5], *twice[:5]):
        print("wrong:", example)
    deadly_runs = sum(accepted.values())
    print(
        f"{len(accepted)} runs, {attempts} attempts, {deadly_runs} deadly ones, "
        f"{bystanders} ordinary ones that were at hand each time a worker was killed, {objects_swept} objects swept"
    )
    orphan_keys = [*await leftover_keys(services), *await consumers(services)]
    for key in orphan_keys[:5]:
        print("left:", key)
    objects = await misnamed(services, store)
    await services.close()
    files = [*plan.settings.work_folder.glob("*"), *(plan.settings.home / "store" / ".partial").glob("*")]
    return {
        "lost": len(lost) + unasked,
        "duplicated effects": len(twice) + repeated,
        "stale writes": stale,
        "orphan keys": len(orphan_keys) + workers,
        "orphan objects": len(objects),
        "temp files": len(files),
        "processes": len(psutil.Process().children()) - _servers(),
    }


def _servers() -> int:
    """Children of this process that are the stack's own."""
    return sum(child.name() in ("postgres", "valkey-server") for child in psutil.Process().children())


@contextmanager
def _planned(arguments: argparse.Namespace) -> Iterator[tuple[Plan, Path]]:
    with short_home() as home, running_stack(embedded_settings(home), models=False) as stack:
        folder = home / "chaos"
        folder.mkdir()
        settings = Settings(
            home=folder,
            database_url=stack.database_url,
            redis_url=stack.redis_url,
            storage_url=(folder / "store").as_uri(),
            models_url="http://127.0.0.1:1",
            signing_key=SecretStr("test"),
            lease_seconds=LEASE_SECONDS,
            reconcile_seconds=1.0,
            queue_cap=500,
            min_free_bytes=0,
        )
        (folder / "work").mkdir()
        yield Plan(arguments.runs, arguments.seconds, arguments.seed, settings, folder), home


async def _prepare(settings: Settings) -> None:
    await upgrade(settings.database_url or "")
    services = build_services(settings)
    await services.models.seed()
    await services.close()


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=18 * 60.0, help="no run is started later")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args(words)
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    with _planned(arguments) as (plan, home):
        asyncio.run(_prepare(plan.settings))
        storm = Storm(plan, home)
        try:
            storm.rage()
            raged = time.monotonic() - began
            storm.calm(_PATIENCE_SECONDS)
            storm.stop()
        finally:
            storm.kill_all()
        counts = asyncio.run(_verdict(plan))
        errors = sum("Traceback" in line for path in plan.folder.glob("*.log") for line in path.read_text(errors="replace").splitlines())
        struck = ", ".join(f"{count} {what}" for what, count in storm.counts.items())
        print(f"{struck}; {errors} tracebacks in the logs; {raged:.0f} s of storm, {time.monotonic() - began:.0f} s in all")
        if keep := os.environ.get("CHAOS_LOGS"):
            for path in plan.folder.glob("*.log"):
                (Path(keep) / path.name).write_bytes(path.read_bytes())
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    # Whoever ends this process by either signal wants its workers ended too; a shell's background has SIGINT ignored.
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda number, _: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
