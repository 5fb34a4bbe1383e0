"""Starts commands (`command.py`) that hold a stack, and looks at the servers that they share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import asyncpg
import psutil
import redis

from support.stack import embedded_settings
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import base_of
from videomoments.embedded.process_identity import belonging

COMMAND = Path(__file__).with_name("command.py")


class Command:
    """One process that holds a stack."""

    def __init__(self, home: Path, *options: str, environment: Mapping[str, str] = {}) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(COMMAND), str(home), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._said: dict[str, Any] | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What it printed once the stack was up. Waits for it."""
        if self._said is None:
            assert self.process.stdout is not None
            self._said = json.loads(self.process.stdout.readline())
        return self._said

    @property
    def pids(self) -> dict[str, int]:
        return dict(self.said["pids"])

    @property
    def database_url(self) -> str:
        return str(self.said["stack"]["database_url"])

    @property
    def redis_url(self) -> str:
        return str(self.said["stack"]["redis_url"])

    def leave(self) -> int:
        """Lets it end as a command ends; its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(300)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(300)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.leave()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def server_pids(home: Path) -> list[int]:
    """Every process, children included, that works in this data folder."""
    layout = Layout.of(embedded_settings(home))
    base = base_of(layout)
    return [
        pid
        for folder in (base / "postgres" / "18", base / "valkey", layout.run / "models")
        for pid in belonging(folder, frozenset({"postgres", "valkey-server", "python"}), str(folder))
    ]


def gone(pid: int, seconds: float = 300.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


async def query(database_url: str, statement: str) -> Any:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@contextmanager
def queue(redis_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(redis_url)
    try:
        yield client
    finally:
        client.close()
