"""`moments serve` as an installation runs it: one process that starts all others, looked after by whoever starts it again when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from support.stack import weights_folder

# What a developer's shell may hold, and this installation must not see.
_FOREIGN = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "MOMENTS_MODELS_URL", "MOMENTS_MODELS_KEY", "MOMENTS_LIMIT_PIPELINES")
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 300.0
_STOP_SECONDS = 60.0
# A start that meets what a killed predecessor has left (its port) ends soon, and is made again.
_MOST_STARTS_IN_VAIN = 40


@dataclass
class Served:
    """`home` is its data folder, `scratch` its TMPDIR. `starts` counts how often it was started."""

    home: Path
    scratch: Path
    workers: int
    environment: dict[str, str]
    port: int = 0
    starts: int = 0
    _http: httpx.AsyncClient | None = None
    _process: subprocess.Popen[bytes] | None = None
    _up: bool = False
    _in_vain: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "serve.log"

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        own = {"MOMENTS_HOME": str(self.home), "TMPDIR": str(self.scratch), "MOMENTS_WEIGHTS": weights_folder()}
        inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        words = ["serve", "--no-page", "--workers", str(self.workers), "--port", str(self.port)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "videomoments", *words],
                env=inherited | own | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.starts += 1
        self._up = False

    async def keep_up(self) -> None:
        """Starts it again whenever it has ended, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.pid is not None:
                continue
            if self._process is not None:
                self._in_vain = 0 if self._process.returncode == -signal.SIGKILL else self._in_vain + 1
            assert self._in_vain < _MOST_STARTS_IN_VAIN, f"`moments serve` does not start: {self.log.read_text()[-2000:]}"
            self.start()

    async def up(self) -> bool:
        """Whether the API has answered since the last start."""
        self._up = self._up or (self.pid is not None and await self.ask("GET", "/health") is not None)
        return self._up

    async def answers(self) -> None:
        """Waits for the API."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            while await self.ask("GET", "/health") is None:
                await asyncio.sleep(0.2)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The API's answer; None when it is away, or asks for patience."""
        self._http = self._http or httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=120)
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.TransportError:
            return None
        return None if answer.status_code in (429, 503) else answer

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    def stop(self) -> int | None:
        """SIGTERM, as a service manager ends it; the exit status. None where it did not end by itself."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
