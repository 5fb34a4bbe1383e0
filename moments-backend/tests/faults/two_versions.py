"""`python -m faults.two_versions OLD_CHECKOUT`: one worker of an older version and one of this on one queue, one database and one store.

The database is at this version's revision. Each worker finishes what it takes of 20 runs, each of a video of its own; a scripted server
stands in for the models. Printed is how many each finished; the exit status is 1 unless all 20 completed at their first attempt, with
clips of all moments, and each worker had some. The older checkout needs its environment (`MOMENTS_SETUP=dev ./moments` there).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import text

from faults.sources import source_server
from faults.world import draw_source
from support.backend import clean_services, settings_over
from support.fakes.model_server import ModelServer
from support.stack import embedded_settings, short_home
from videomoments.core.config import Settings
from videomoments.embedded import running_stack
from videomoments.services.options import RunOptions
from videomoments.services.wiring import Services

RUNS = 20
MODELS = ("whisper_base", "extractive", "signal")
_TESTS = Path(__file__).resolve().parents[1]
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 500.0
_OPTIONS = {"min_duration": 2.0, "max_duration": 4.0, "max_moments": 2}
# Where the tests' script for a worker process lies: in this version, and in older ones.
_SCRIPTS = ("support/fakes/worker_process.py", "fakes/worker_process.py")
_OWNERS = text("SELECT identifier, owner FROM pipeline_history WHERE owner IS NOT NULL")
_LEFT = text("SELECT count(*) FROM pipeline_history WHERE completed_at IS NULL")
_ENDS = text("""
    SELECT run.identifier, run.status, run.attempt, run.error_code, run.error_message,
        (SELECT count(*) FROM moments WHERE run_id = run.id AND is_refined) AS moments,
        (SELECT count(*) FROM clips JOIN moments ON moments.id = clips.moment_id
            WHERE moments.run_id = run.id AND clips.kind = 'delivered') AS clips
    FROM pipeline_history AS run ORDER BY run.id
""")


@contextmanager
def worker_of(checkout: Path | None, settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of that checkout, in its own environment, or of this version (None); ended at the end."""
    tests = checkout / "moments-backend" / "tests" if checkout else _TESTS
    script = next(tests / name for name in _SCRIPTS if (tests / name).exists())
    python = str(checkout / ".venv" / "bin" / "python") if checkout else sys.executable
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" or checkout is None} | {
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "STORAGE_URL": settings.storage_url or "",
        "MOMENTS_HOME": str(settings.home),
        "MOMENTS_MODELS_URL": settings.models_url or "",
        "MOMENTS_SIGNING_KEY": "test",
        "MOMENTS_MIN_FREE_BYTES": "0",
        "MOMENTS_ALLOW_PRIVATE": "127.0.0.1",
    }
    with log.open("wb") as stderr:
        process = subprocess.Popen([python, str(script), "real"], env=environment, stdin=subprocess.DEVNULL, stderr=stderr)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def spoken() -> list[dict[str, object]]:
    """Eight seconds of speech: a sentence in every two."""
    row = ("One", "two", "three", "four.")
    return [
        {"word": word, "start": 2.0 * line + 0.4 * place, "end": 2.0 * line + 0.4 * (place + 1)}
        for line in range(4)
        for place, word in enumerate(row)
    ]


async def accept(services: Services, address: str, name: str) -> None:
    for number in range(RUNS):
        video, _ = await services.videos.register_url(f"{address}/{number}/{name}")
        await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions.model_validate(_OPTIONS)))


async def owners_until_the_end(services: Services, workers: Sequence[subprocess.Popen[bytes]]) -> dict[str, str]:
    """Who was seen to hold each run last, by its request id."""
    owners: dict[str, str] = {}
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end and all(worker.poll() is None for worker in workers):
        async with services.database.transaction() as session:
            owners |= {run.identifier: run.owner for run in await session.execute(_OWNERS)}
            if not await session.scalar(_LEFT):
                break
        await asyncio.sleep(_LOOK_SECONDS)
    return owners


async def compare(old: Path, folder: Path) -> bool:
    source = draw_source(folder)
    with ExitStack() as exits:
        home = exits.enter_context(short_home())
        stack = exits.enter_context(running_stack(embedded_settings(home), models=False))
        async with ModelServer(models=MODELS, words=spoken()) as server, source_server(source.parent) as address:
            settings = settings_over(stack, folder, models_url=server.url)
            async with contextlib.aclosing(clean_services(settings)) as made:
                services = await anext(made)
                logs = {"old": folder / "old.log", "new": folder / "new.log"}
                # One after the other: each seeds the registry of models in its own form as it starts.
                names: dict[str, str] = {}
                workers = []
                for version, checkout in (("old", old), ("new", None)):
                    workers.append(exits.enter_context(worker_of(checkout, settings, logs[version])))
                    names[await one_more(services, names)] = version
                await accept(services, address, source.name)
                owners = await owners_until_the_end(services, workers)
                return await told(services, {run: names.get(owner, "?") for run, owner in owners.items()}, logs)


async def one_more(services: Services, known: dict[str, str]) -> str:
    """The name of the worker that has just reported for the first time."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        async with services.database.transaction() as session:
            if new := set(await session.scalars(text("SELECT name FROM workers"))) - set(known):
                return str(new.pop())
        await asyncio.sleep(_LOOK_SECONDS)
    raise SystemExit("A worker did not start.")


async def told(services: Services, finished: dict[str, str], logs: dict[str, Path]) -> bool:
    """Prints what came of the runs; whether all is well."""
    async with services.database.transaction() as session:
        ends = (await session.execute(_ENDS)).all()
    bad = [run for run in ends if (run.status, run.attempt) != ("completed", 1) or not run.moments or run.clips != run.moments]
    for run in bad:
        print(
            f"{run.identifier} ({finished.get(run.identifier)}): {run.status}, attempt {run.attempt}, {run.moments} moments, "
            f"{run.clips} clips, {run.error_code} {run.error_message}"
        )
    if bad:
        for version, log in logs.items():
            print(f"--- the last lines of the {version} worker", *log.read_text(errors="replace").splitlines()[-15:], sep="\n")
    count = Counter(finished.values())
    print(f"{len(ends) - len(bad)} of {len(ends)} runs completed: the older worker had {count['old']}, this version's {count['new']}")
    return not bad and len(ends) == RUNS and count["old"] > 0 and count["new"] > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD_CHECKOUT")
    old = parser.parse_args().old.resolve()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if asyncio.run(compare(old, Path(folder))) else 1)


if __name__ == "__main__":
    main()
