"""Runs the `moments` command for a benchmark: a data folder, a warm `moments api` beside it, and `moments generate --json`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from videomoments.core.config import Settings
from videomoments.embedded import clean_targets

REUSED = "by an earlier run"
_START_SECONDS = 180.0
_EMBEDDED_INSTEAD = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "MOMENTS_MODELS_URL")


@dataclass(frozen=True, slots=True)
class GenerateRun:
    """One `moments generate`: wall seconds of the command, and its JSON document."""

    wall: float
    document: dict[str, Any]

    @property
    def run_seconds(self) -> float:
        return float(self.document["run"]["duration_seconds"])

    @property
    def stages(self) -> dict[str, float]:
        """Returns the seconds of each stage; a skipped one counts 0."""
        return {stage["name"]: float(stage["seconds"] or 0.0) for stage in self.document["run"]["stages"]}

    @property
    def clips(self) -> list[tuple[float, float]]:
        """Returns the stretches of the delivered clips, in seconds."""
        return [(moment["clip"]["start_time"], moment["clip"]["end_time"]) for moment in self.document["moments"] if moment["clip"]]


@dataclass(frozen=True, slots=True)
class Warm:
    """A data folder whose servers and models run. `pid` is the `moments api` process."""

    environment: dict[str, str]
    folder: Path
    pid: int

    def generate(self, video: Path, *, watch: Callable[[int], None] | None = None) -> GenerateRun:
        """Runs the command to its end. `watch` is called with its process id. Raises RuntimeError where it fails or reused earlier work."""
        output = Path(tempfile.mkdtemp(prefix="out", dir=self.folder))
        command = [
            sys.executable,
            "-m",
            "videomoments",
            "generate",
            str(video),
            "--json",
            "--output",
            str(output),
        ]
        started = time.perf_counter()
        with (output / "stderr").open("wb") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=self.environment)
            try:
                if watch is not None:
                    watch(process.pid)
                answer, _ = process.communicate()
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait()
        wall = time.perf_counter() - started
        if process.returncode:
            raise RuntimeError(f"moments generate ended with {process.returncode}: {(output / 'stderr').read_text()[-2000:]}")
        shutil.rmtree(output)
        document = json.loads(answer)
        if any(REUSED in (stage["reason"] or "") for stage in document["run"]["stages"]):
            raise RuntimeError("the run reused an earlier run's work: nothing was measured")
        return GenerateRun(wall, document)


@contextlib.contextmanager
def warm_stack(port: int) -> Iterator[Warm]:
    """Yields a `moments api` on a fresh data folder with a short path, whose servers and models stay running. The weights are the user's
    own. All else is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="vmb", dir="/tmp" if os.access("/tmp", os.W_OK) else None))  # sockets need short paths
    home.chmod(0o711)
    weights = os.environ.get("MOMENTS_WEIGHTS") or str(Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models")
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL")}
    environment |= {"MOMENTS_HOME": str(home), "MOMENTS_WEIGHTS": weights}
    log = (home / "api.log").open("wb")
    api = subprocess.Popen(
        [sys.executable, "-m", "videomoments", "api", "--port", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    try:
        _until_healthy(api, port, home / "api.log")
        yield Warm(environment, home, api.pid)
    finally:
        api.terminate()  # in a shell's background SIGINT is ignored
        try:
            api.wait(60)
        except subprocess.TimeoutExpired:
            api.kill()
            api.wait()
        log.close()
        _remove(home)


def _remove(home: Path) -> None:
    """Removes what belongs to the data folder, wherever it is (as root, servers have a folder elsewhere). Weights are not touched."""
    settings = Settings(
        home=home,
        database_url=None,
        redis_url=None,
        storage_url=None,
        models_url=None,
        models_key=None,
    )
    for target in clean_targets(settings):
        shutil.rmtree(target.path, ignore_errors=True)
        if home not in target.path.parents:
            shutil.rmtree(target.path.parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _until_healthy(api: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if api.poll() is not None:
            break
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer,
        ):
            if answer.status == 200 and api.poll() is None:  # not another one's at that port
                return
        time.sleep(0.2)
    raise RuntimeError(f"moments api did not start: {log.read_text()[-2000:]}")
