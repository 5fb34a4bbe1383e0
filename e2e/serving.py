"""`moments serve` as a user starts it: a process of its own with a data folder and a port of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import platformdirs

_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV", "SSL_CERT_FILE")
_READY_SECONDS = 800.0
_END_SECONDS = 60.0


def free_port() -> int:
    """A port that is free now, and that the system gives to nobody who asks for any port."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Served:
    """The running address and its process; it can be stopped and started again on the same port and data."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.port = free_port()
        self.log = home / "serve.log"
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it is ready. Raises RuntimeError with its log when it is not in time."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "videomoments", "serve", "--port", str(self.port)],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/ready", timeout=60).status_code == 200:
                    return
            time.sleep(0.3)
        raise RuntimeError(f"`moments serve` is not ready:\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> None:
        """In order, by SIGTERM; whatever is still there after its time is ended with its group."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self, **variables: str) -> None:
        """Once more with the same data, and with these variables too."""
        self.stop()
        self._variables |= variables
        self.start()

    @property
    def models(self) -> tuple[str, str]:
        """Where its model services answer, and their key."""
        port = json.loads((self.home / "run" / "models.port").read_text())["port"]
        return f"http://127.0.0.1:{port}", (self.home / "secrets" / "models_key").read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        weights = os.environ.get("MOMENTS_WEIGHTS") or str(Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models")
        kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
        kept |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "npm_config_"))}
        return kept | {"MOMENTS_HOME": str(self.home), "MOMENTS_WEIGHTS": weights, **self._variables}


@contextmanager
def serving(**variables: str) -> Iterator[Served]:
    """A fresh data folder, served until the end. When its story fails, the log is what to read."""
    home = Path(tempfile.mkdtemp(prefix="vm", dir="/tmp"))
    home.chmod(0o711)  # as root, the databases' own user passes through
    served = Served(home, **variables)
    try:
        served.start()
        yield served
    finally:
        served.stop()
        subprocess.run(
            [sys.executable, "-m", "videomoments", "clean", "--data", "--yes"],
            env=served.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        shutil.rmtree(home, ignore_errors=True)
