"""Puts small faults into critical code, one at a time, and counts those that no test notices.

python scripts/mutants.py [--seed N] [--sample N] [--minutes N] [--only PART]     (`make mutants`)

The seed draws a sample, which is tried in order until it or the minutes are used up. Each fault goes into a copy of the sources, never into
the checkout, and is run in a fork of a process that has already loaded the libraries, so that it costs little more than its tests. A fault
is killed when a test fails or hangs, and survives when all pass. Every survivor is printed with its place and change.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "moments-backend"
PACKAGE = BACKEND / "src" / "videomoments"
# A test hangs when it takes this many times as long as without a fault, and at least a minute.
_PATIENCE, _SHORTEST = 10.0, 60.0
# Loaded once, before the forks. The project's own modules are not: they are loaded with the fault in them.
_LIBRARIES = ("pytest", "_pytest.assertion.rewrite", "pytest_asyncio", "hypothesis.strategies", "pydantic_settings", "httpx", "json_repair")
_SERVERS = ("sqlalchemy.ext.asyncio", "asyncpg", "redis.asyncio", "aiohttp.web", "numpy", "av")


@dataclass(frozen=True, slots=True)
class Part:
    """Sources, and the tests that must notice a fault in them. `servers`: the tests need PostgreSQL and Valkey."""

    sources: str
    tests: tuple[str, ...]
    servers: bool = False


PARTS = {
    "moments": Part("moments/*.py", ("tests/moments",)),
    "signing": Part("storage/signing.py", ("tests/storage/test_store_signing.py",)),
    "address_guard": Part("sources/address_guard.py", ("tests/sources/test_address_guard.py",)),
    "coordination": Part("coordination/*.py", ("tests/coordination",), servers=True),
    "runs": Part(
        "services/runs.py",
        ("tests/services/test_runs.py", "tests/services/test_run_side_effects.py", "tests/services/test_retry.py", "tests/fundamentals"),
        servers=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one file, whose path is relative to the package."""

    part: str
    file: str
    mutation: Mutation

    def __str__(self) -> str:
        return f"{(PACKAGE / self.file).relative_to(ROOT)}:{self.mutation.line}: {self.mutation}"


def sampled(found: Sequence[Mutant], seed: int, size: int) -> list[Mutant]:
    """Returns a random sample of the mutants. The same seed draws the same from the same sources."""
    return random.Random(seed).sample(found, min(size, len(found)))


class Copy:
    """A copy of the package's sources in its own folder, into which faults are put. Edits of the checkout do not change it."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "src"
        self._package = self.source / PACKAGE.name
        self._originals: dict[str, str] = {}
        shutil.copytree(BACKEND / "src", self.source, ignore=shutil.ignore_patterns("__pycache__"))
        # Beside the package's modules, as in a wheel: the tests that need a database upgrade it.
        shutil.copytree(BACKEND / "migrations", self._package / "migrations", ignore=shutil.ignore_patterns("__pycache__"))

    def mutants(self, parts: Sequence[str]) -> list[Mutant]:
        """Returns all faults of these parts, in the order of files and lines."""
        found = []
        for part in parts:
            for path in sorted(self._package.glob(PARTS[part].sources)):
                file = path.relative_to(self._package).as_posix()
                self._originals[file] = path.read_text(encoding="utf-8")
                found += [Mutant(part, file, one) for one in mutations(self._originals[file])]
        return found

    def put(self, mutant: Mutant) -> bool:
        """Writes the fault. Returns False when the result is no valid Python or equals the original."""
        original = self._originals[mutant.file]
        changed = mutant.mutation.applied(original)
        try:
            compile(changed, mutant.file, "exec")
        except SyntaxError:
            return False
        (self._package / mutant.file).write_text(changed, encoding="utf-8")
        return changed != original

    def restore(self, mutant: Mutant) -> None:
        (self._package / mutant.file).write_text(self._originals[mutant.file], encoding="utf-8")


def passes(part: Part, source: Path, seconds: float) -> bool | None:
    """Returns whether the part's tests pass with these sources, or None when they take longer than `seconds`."""
    child = os.fork()
    if child == 0:
        os.setsid()
        _play(part, source)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, 9)
    os.waitpid(child, 0)
    return None


def _play(part: Part, source: Path) -> None:
    """Runs the tests in this process, which is a fork, and ends it with their status."""
    status = 70
    try:
        os.chdir(BACKEND)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        sys.path.insert(0, str(source))
        os.environ["PYTHONPATH"] = str(source)
        import pytest

        # The conftest of all tests loads what starts the servers, which takes seconds. Hypothesis' profile, which it also loads, is kept.
        folder = str((BACKEND / part.tests[0]).parent) if part.tests[0].endswith(".py") else part.tests[0]
        quick = () if part.servers else ("--confcutdir", folder, "-o", "pythonpath=tests ../scripts", "-p", "pytest_machine")
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=1", *quick, *part.tests])
    finally:
        os._exit(int(status))


def tried(chosen: Sequence[Mutant], copy: Copy, until: float) -> Iterator[tuple[Mutant, str]]:
    """Yields each mutant with killed, hung or SURVIVED. Raises SystemExit when the tests fail without a fault."""
    patience: dict[str, float] = {}
    for mutant in chosen:
        if time.monotonic() > until:
            return
        part = PARTS[mutant.part]
        if mutant.part not in patience:
            began = time.monotonic()
            if not passes(part, copy.source, 3600.0):
                raise SystemExit(f"the tests of {mutant.part} fail without a fault: {' '.join(part.tests)}")
            patience[mutant.part] = max(_SHORTEST, _PATIENCE * (time.monotonic() - began))
        if not copy.put(mutant):
            continue
        try:
            passed = passes(part, copy.source, patience[mutant.part])
        finally:
            copy.restore(mutant)
        yield mutant, "hung" if passed is None else "SURVIVED" if passed else "killed"


def _preload(parts: Sequence[str]) -> None:
    sys.dont_write_bytecode = True  # two faults in one second may have files of one size
    for name in (*_LIBRARIES, *(_SERVERS if any(PARTS[part].servers for part in parts) else ())):
        import_module(name)


def main() -> int:
    options = argparse.ArgumentParser(description="Counts faults that no test notices.")
    options.add_argument("--seed", type=int, default=1, help="draws the sample (default: 1)")
    options.add_argument("--sample", type=int, default=100, help="how many faults (default: 100)")
    options.add_argument("--minutes", type=float, default=15.0, help="after these no other is begun (default: 15)")
    options.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated (default: all)")
    given = options.parse_args()
    parts = given.only or list(PARTS)
    _preload(parts)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Copy(Path(folder))
        found = copy.mutants(parts)
        chosen = sampled(found, given.seed, given.sample)
        print(f"{len(chosen)} of {len(found)} faults in {', '.join(parts)}; seed {given.seed}", flush=True)
        for mutant, fate in tried(chosen, copy, time.monotonic() + 60 * given.minutes):
            counts[fate] += 1
            print(f"{fate:8} {mutant}", flush=True)
    left = len(chosen) - counts.total()
    killed = f"killed {counts['killed'] + counts['hung']} ({counts['hung']} of them hung)"
    print(f"{killed}, survived {counts['SURVIVED']}, not tried {left}; seed {given.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
