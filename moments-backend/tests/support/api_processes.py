"""An API as a process of its own over a test's parts: `api_process(settings)`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from videomoments.core.config import Settings

_SCRIPT = Path(__file__).parent / "fakes" / "api_process.py"


@dataclass
class ApiProcess:
    """A running API, and where it answers."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def api_process(settings: Settings, **environment: str) -> Iterator[ApiProcess]:
    values = {
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "STORAGE_URL": settings.storage_url or "",
        "MOMENTS_HOME": str(settings.home),
        "MOMENTS_MODELS_URL": settings.models_url or "",
        "MOMENTS_SIGNING_KEY": "test",
    }
    log = settings.home / "api.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(_SCRIPT)],
            env=os.environ | values | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        yield ApiProcess(process, f"http://127.0.0.1:{process.stdout.readline().strip()}", log)
    finally:
        process.kill()
        process.wait()
