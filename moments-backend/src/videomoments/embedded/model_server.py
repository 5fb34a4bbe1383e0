"""Runs the local model services with this Python: `python -m moments_models serve --all`."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, ClassVar

import psutil  # type: ignore[import-untyped]

from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded.data_folder import read_json
from videomoments.embedded.process_identity import Record
from videomoments.embedded.supervised_server import Server, last_lines

_HOST = "127.0.0.1"
# Secrets of our own, which the model program does not need.
_WITHHELD = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "MOMENTS_SIGNING_KEY")


class ModelServer(Server):
    """Listens on loopback, on its last port where that is free, and asks for a key."""

    name: ClassVar[str] = "models"
    title: ClassVar[str] = "The model service"
    programs: ClassVar[frozenset[str]] = frozenset({"python", "Python", "moments"})
    stop_signals = ((signal.SIGTERM, 5.0),)
    start_seconds: ClassVar[float] = 60.0

    @property
    def folder(self) -> Path:
        return self.layout.run / "models"

    @property
    def marker(self) -> str:
        return str(self.folder)

    @property
    def key(self) -> str:
        return self.layout.secret("models_key")[0]

    def url(self, record: Record) -> str:
        """Returns `http://127.0.0.1:PORT`, which the routes (`/transcribe`, `/v1/…`, `/health`) follow."""
        return f"http://{_HOST}:{record.more['port']}"

    def prepare(self, on_progress: Callable[[str], None]) -> None:  # noqa: ARG002
        self.folder.mkdir(mode=0o700, exist_ok=True)
        # A killed service leaves received files behind, and nothing else would remove them.
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(mode=0o700)

    def spawn(self, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        port = _free_port(self._last_port())
        environment = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
        environment |= {"MOMENTS_HOME": str(self.layout.home), "MOMENTS_MODELS_KEY": self.key, "TMPDIR": str(self._temporary)}
        process = subprocess.Popen(
            [sys.executable, "-m", "moments_models", "serve", "--all", "--host", _HOST, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=environment,
            start_new_session=True,
        )
        self.layout.write_json(self._port_file, {"port": port})
        return process, {"port": str(port)}

    def wait(self, record: Record) -> Record:
        try:
            return super().wait(record)
        except ServiceUnavailable:
            # Another process took the port between our check and the service's start: try once more, on another one.
            if not any("address already in use" in line.lower() for line in last_lines(self.log)):
                raise
            self._port_file.unlink(missing_ok=True)
            return super().wait(self.start(lambda _: None))

    def answers(self, record: Record) -> bool:
        if not _listens(record.pid, int(record.more.get("port", 0))):
            return False  # what answers there is not our service, and must not get our key
        connection = http.client.HTTPConnection(_HOST, int(record.more.get("port", 0)), timeout=2.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @property
    def _temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def _port_file(self) -> Path:
        return self.layout.run / "models.port"

    def _last_port(self) -> int:
        value = (read_json(self._port_file) or {}).get("port", 0)
        return value if isinstance(value, int) and 0 <= value < 65536 else 0


def _listens(pid: int, port: int) -> bool:
    try:
        process = psutil.Process(pid)
        try:
            connections = process.net_connections(kind="tcp4")
        except psutil.AccessDenied:
            # Where a system hides even the files of our own processes, the right owner has to be enough.
            return bool(process.uids().real == os.getuid())
    except psutil.Error:
        return False
    return any(found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in connections)


def _free_port(wanted: int) -> int:
    """Returns `wanted` where nothing listens on it, else any free port. Raises OSError when there is none."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET) as probe:
            # As the server does: a port in TIME_WAIT counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")
