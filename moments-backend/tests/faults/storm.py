"""`make storm`: real runs of real speech on all of `moments serve`, while every kind of its processes is killed again and again.

Stretches of the sample are transcribed, cut and refined by the built-in models, first each once in the calm, then 50 runs of them in the
storm: `kill -9` of PostgreSQL, Valkey, model service, API, workers, media children and `serve` itself, each 20 times, in an order and at
times that `--seed` gives. What a client of the API would do is done: a start is repeated under its `Idempotency-Key` until it is answered,
a status asked until the run has ended. No more than two workers are killed under one run (three are a dead letter, by design); no limit is
raised. In the end every run must have left what the calm run of its source has left, once, and nothing else may be there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import text

from faults.client import Asked, Client
from faults.leftovers import consumers, left_behind, processes_of
from faults.served import Served
from faults.sources import source_server
from faults.state import objects_of, rows_of
from faults.victims import MOST_DEATHS, Kind, Victims
from media.stretches import stretches
from moments_models import weights
from support.stack import embedded_settings, short_home, weights_folder
from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.db.migrate import upgrade
from videomoments.embedded import running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import all_servers
from videomoments.services.wiring import Services, build_services
from videomoments.storage import configured_store

WORKERS = 2
# Shorter than an installation's: what a killed worker held is taken up sooner, and whoever can't renew loses it sooner.
LEASE_SECONDS = 20.0
RECOGNISER = "whisper_tiny_en"
_OPTIONS = {"min_duration": 5, "max_duration": 15, "max_moments": 2, "transcription_model": RECOGNISER}
_SOURCE_SECONDS = (14.0, 22.0)
_GAP_SECONDS = (1.0, 7.0)
# So many runs are there from the start. Where far more than these wait the storm pauses, but not for longer than so many seconds.
_AT_ONCE, _TOO_MANY, _PAUSE_SECONDS = 6, 10, 15.0
_START_SECONDS = 180.0
_HUNT_SECONDS, _HUNT_POLL_SECONDS = 20.0, 0.1
_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 900.0
_AGAIN = text("SELECT identifier FROM pipeline_history AS run JOIN pipeline_stages ON run_id = run.id WHERE executions > attempt")
_MODULES = ("videomoments", "moments_models", "videomoments.media.child")


@dataclass
class Left:
    """What a run leaves, without what differs from run to run."""

    rows: dict[str, list[dict[str, Any]]]
    objects: list[tuple[str, str]]


class Waits:
    """How long runs waited for models, as their rows said while the storm raged."""

    _QUERY = text("""
        SELECT identifier, waiting_since, extract(epoch FROM clock_timestamp() - waiting_since) AS seconds
        FROM pipeline_history WHERE waiting_since IS NOT NULL AND completed_at IS NULL
    """)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seconds: dict[tuple[str, Any], float] = {}

    async def watch(self) -> None:
        while True:
            with contextlib.suppress(ServiceUnavailable):
                async with self._services.database.transaction() as session:
                    for row in await session.execute(self._QUERY):
                        self._seconds[row.identifier, row.waiting_since] = float(row.seconds)
            await asyncio.sleep(_LOOK_SECONDS)

    def __str__(self) -> str:
        seconds = list(self._seconds.values())
        if not seconds:
            return "no run waited for a model"
        runs = len({run for run, _ in self._seconds})
        return (
            f"{runs} runs waited for a model {len(seconds)} times: median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"
        )


class Storm:
    """Strikes in an order that the seed gives, each kind as often as it is asked."""

    def __init__(self, victims: Victims, client: Client, plan: argparse.Namespace, kinds: list[Kind]) -> None:
        self._victims = victims
        self._client = client
        self._chance = random.Random(plan.seed)
        self._left = [kind for kind in kinds for _ in range(plan.strikes)]
        self._chance.shuffle(self._left)
        self._all = len(self._left)
        self._runs = plan.runs
        self._seeks_media = Kind.MEDIA in self._left

    @property
    def admitted(self) -> int:
        """How many runs may have been started by now: they are spread over the whole storm. A run more, as soon as all have ended, while a
        media child is still to be killed: without runs there are none."""
        done = 1.0 - len(self._left) / self._all if self._all else 1.0
        more = self._seeks_media and self._client.active == 0
        return max(min(self._runs, _AT_ONCE + int(done * self._runs)), len(self._client.runs) + 1 if more else 0)

    @property
    def over(self) -> bool:
        """Whether no further run is needed."""
        return len(self._client.runs) >= self._runs and not self._seeks_media

    async def rage(self) -> None:
        while self._left:
            await asyncio.sleep(self._chance.uniform(*_GAP_SECONDS))
            await self._pause()
            kind = self._next()
            self._seeks_media = Kind.MEDIA in (kind, *self._left)
            if not await self._hunt(kind):
                self._left.insert(self._chance.randrange(len(self._left) + 1), kind)
            self._seeks_media = Kind.MEDIA in self._left

    def _next(self) -> Kind:
        """By chance; a media child first while the last runs are worked on."""
        last = len(self._client.runs) >= self._runs and Kind.MEDIA in self._left
        return self._left.pop(self._left.index(Kind.MEDIA) if last else -1)

    async def _pause(self) -> None:
        """While much is left to be done, and until `serve` has started again: who is struck in each start never gets anywhere."""
        until = time.monotonic() + _PAUSE_SECONDS
        while self._client.active > _TOO_MANY and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
        until = time.monotonic() + _START_SECONDS
        while not await self._victims.served.up() and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)

    async def _hunt(self, kind: Kind) -> bool:
        """Waits for one that may be struck: there is not always a media child."""
        until = time.monotonic() + _HUNT_SECONDS
        while time.monotonic() < until:
            if (living := self._victims.living(kind)) and await self._victims.strike(kind, self._chance.choice(living)):
                return True
            await asyncio.sleep(_HUNT_POLL_SECONDS)
        return False


async def _start_all(client: Client, storm: Storm, sources: list[Path]) -> None:
    """Starts the runs as the storm goes on, and waits for all of them."""
    async with asyncio.TaskGroup() as tasks:
        while not storm.over:
            number = len(client.runs)
            if ready := storm.admitted > number and client.active < 2 * _AT_ONCE:
                tasks.create_task(client.run(f"storm-{number:03d}", sources[number % len(sources)]))
            await asyncio.sleep(0 if ready else _LOOK_SECONDS)


@asynccontextmanager
async def _meanwhile(*works: Any) -> AsyncIterator[None]:
    """Does other things beside; a failure of theirs is ours."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(work) for work in works]
        yield
        for task in started:
            task.cancel()


def _settings(home: Path) -> Settings:
    """As the harness itself looks into the installation."""
    _, postgres, valkey = all_servers(Layout.of(embedded_settings(home)))
    database, queue = postgres.live(), valkey.live()
    assert database is not None
    assert queue is not None
    return Settings(
        home=home,
        database_url=postgres.url(database),
        redis_url=valkey.url(queue),
        storage_url=(home / "store").as_uri(),
        models_url="http://127.0.0.1:1",
        signing_key=SecretStr("test"),
        lease_seconds=LEASE_SECONDS,
    )


@dataclass
class Weather:
    """One installation in the calm, in the storm and after it. `wrong` gets a line for each thing that should not be."""

    served: Served
    plan: argparse.Namespace
    sources: list[Path]
    address: str
    services: Services
    wrong: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    async def calm(self) -> dict[Path, Left]:
        """A run of each source that nothing disturbs; what it leaves."""
        began = time.monotonic()
        client = Client(self.served, self.address, _OPTIONS)
        runs = await asyncio.gather(*(client.run(f"calm-{number:03d}", source) for number, source in enumerate(self.sources)))
        assert all(run.completed for run in runs), [run.last for run in runs if not run.completed]
        print(f"{len(runs)} calm runs completed in {time.monotonic() - began:.0f} s", flush=True)
        return {run.source: await self._left(run) for run in runs}

    async def storm(self, models: dict[Path, Left]) -> None:
        """All runs to their ends, and what came of them."""
        plan = self.plan
        kinds = [kind for kind in Kind if not plan.kinds or kind.name.lower() in plan.kinds]
        client, victims = Client(self.served, self.address, _OPTIONS), Victims(self.served, self.services)
        storm, waits = Storm(victims, client, plan, kinds), Waits(self.services)
        began = time.monotonic()
        async with asyncio.timeout(plan.minutes * 60), _meanwhile(self.served.keep_up(), waits.watch(), _tell(client, victims)):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(storm.rage())
                tasks.create_task(_start_all(client, storm, self.sources))
            raged = time.monotonic() - began
            await self.served.answers()
            # Dead workers are retired two leases after their last sign.
            await asyncio.sleep(3 * LEASE_SECONDS)
        for run in client.runs:
            self.wrong += [f"{run.name}: {text}" for text in await self._differences(run, models[run.source])]
        self.wrong += (await consumers(self.services))[WORKERS:]
        most = max(victims.deaths.values(), default=0)
        assert most <= MOST_DEATHS
        hits = ", ".join(f"{victims.hits[kind]} x {kind}" for kind in Kind)
        unanswered = f"{client.unanswered} requests of the client unanswered"
        self.figures = [
            f"kill -9: {hits}",
            f"{most} workers killed under one run at most; {victims.spared} spared for that; `serve` started {self.served.starts} times",
            f"{waits}; {unanswered}; {raged:.0f} s of storm",
            f"{sum(run.completed for run in client.runs)} of {len(client.runs)} completed",
        ]

    async def _left(self, run: Asked) -> Left:
        store = configured_store(self.services.settings)
        return Left(await rows_of(self.services, run.video_id), await objects_of(store, run.video_id))

    async def _differences(self, run: Asked, model: Left) -> list[str]:
        """What the run has left otherwise than the calm run of its source: missing, twice, or other."""
        if not run.completed:
            return [f"{run.last.get('status')} {run.last.get('error')}"]
        found, left = [], await self._left(run)
        for name, got in left.rows.items():
            if got != (wanted := model.rows[name]):
                extra, missing = [row for row in got if row not in wanted], [row for row in wanted if row not in got]
                found.append(f"{len(got)} rows of {name}, not {len(wanted)}: {extra} instead of {missing}")
        if left.objects != model.objects:
            found.append(f"objects {sorted(set(left.objects) ^ set(model.objects))}, {len(left.objects)} not {len(model.objects)}")
        return found


async def weather(served: Served, plan: argparse.Namespace, sources: list[Path]) -> Weather:
    """From the start of the installation until it has been told to end."""
    served.start()
    await served.answers()
    services = build_services(_settings(served.home), pool_size=3)
    async with source_server(sources[0].parent) as address:
        result = Weather(served, plan, sources, address, services)
        await result.storm(await result.calm())
    await services.close()
    await served.aclose()
    if (status := served.stop()) != 0:
        result.wrong.append(f"`moments serve` ended with {status}")
    result.wrong += [f"process {one.pid}" for one in processes_of(str(served.home), *_MODULES) if one.is_running()]
    result.wrong += [f"temp {path.name}" for path in served.scratch.iterdir()]
    return result


async def _tell(client: Client, victims: Victims) -> None:
    """A line a minute, for whoever waits."""
    while True:
        await asyncio.sleep(60)
        done = sum(run.completed for run in client.runs)
        print(f"    {victims.hits.total()} struck, {len(client.runs)} runs started, {done} completed", flush=True)


async def _after(home: Path) -> list[str]:
    """What is left when the installation has ended, and one sweep has gone through."""
    await upgrade(_settings(home).database_url or "")
    services = build_services(_settings(home))
    try:
        found = await left_behind(services, configured_store(services.settings))
        async with services.database.transaction() as session:
            again = await session.scalars(_AGAIN)
            found += [f"{name}: a stage was begun twice in one attempt" for name in again]
    finally:
        await services.close()
    return found


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--strikes", type=int, default=20, help="how often each kind of process is killed")
    parser.add_argument("--sources", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=60.0, help="a storm that has not calmed by then has failed")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--kinds", nargs="*", choices=[kind.name.lower() for kind in Kind], help="kill these alone")
    plan = parser.parse_args(words)
    print(f"seed {plan.seed}", flush=True)
    began = time.monotonic()
    with short_home() as home:
        for name in ("media", "tmp"):
            (home / name).mkdir()
        os.environ["MOMENTS_WEIGHTS"] = weights_folder()
        weights.pull(RECOGNISER)
        sources = stretches(home / "media", plan.sources, seconds=_SOURCE_SECONDS)
        environment = {"MOMENTS_LEASE_SECONDS": str(LEASE_SECONDS), "MOMENTS_ALLOW_PRIVATE": "127.0.0.1"}
        served = Served(home, home / "tmp", WORKERS, environment)
        try:
            outcome = asyncio.run(weather(served, plan, sources))
            with running_stack(embedded_settings(home), models=False):
                outcome.wrong += asyncio.run(_after(home))
        finally:
            _end_all(served)
            _keep_logs(home)
        logs = [served.log, *(home / "logs").glob("*.log")]
        errors = sum("Traceback" in line for path in logs for line in path.read_text(errors="replace").splitlines())
    for line in outcome.wrong:
        print("wrong:", line)
    print(f"{errors} tracebacks in the logs; {time.monotonic() - began:.0f} s in all; load {os.getloadavg()[1]:.1f}")
    print("\n".join(outcome.figures[:-1]))
    print(f"{outcome.figures[-1]}, {len(outcome.wrong)} things wrong or left")
    return 1 if outcome.wrong else 0


def _end_all(served: Served) -> None:
    """Whatever happened: no process of ours stays."""
    served.kill()
    for process in processes_of(str(served.home), *_MODULES):
        with contextlib.suppress(psutil.Error):
            process.kill()
    with running_stack(embedded_settings(served.home), models=False):
        pass  # the last one to leave stops the servers


def _keep_logs(home: Path) -> None:
    if folder := os.environ.get("STORM_LOGS"):
        for path in [home / "serve.log", *(home / "logs").glob("*.log")]:
            (Path(folder) / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    # Whoever ends this process by either signal wants all of it ended; a shell's background has SIGINT ignored.
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda number, _: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
