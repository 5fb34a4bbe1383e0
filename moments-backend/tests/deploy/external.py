"""PostgreSQL and Valkey as an operator would have them: servers of their own, over TCP, with the passwords of the `.env`."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from support.ports import free_port
from support.stack import embedded_settings
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import ServerInstallation, choose_installation

_START_SECONDS = 300.0


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process while the context lives; afterwards it and what it started are gone."""
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            process.terminate()
            _, left = psutil.wait_procs(family, timeout=300)
            for one in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        process.wait(timeout=300)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port}:\n{log.read_text(errors='replace')[-3000:]}")


def site_below(home: Path) -> ServerInstallation:
    """Where PostgreSQL may run: as root it needs another account and a folder which that account can enter."""
    layout = Layout.of(embedded_settings(home))
    layout.make()
    return choose_installation(layout)


@contextlib.contextmanager
def postgres(site: ServerInstallation, command: Sequence[str], *, user: str, password: str, database: str) -> Iterator[int]:
    """A cluster made anew, run with the settings of compose's `command`; its port."""
    own, port = site.base / f"external-{secrets.token_hex(4)}", free_port()
    folder, password_file, log = own / "data", own / "password", own / "log"
    programs = site.programs.postgres / "bin"
    try:
        site.account.make_folder(own)
        password_file.write_text(password)
        site.account.give(password_file)
        argv = [str(programs / "initdb"), "-D", str(folder), "-U", user, "-A", "scram-sha-256", f"--pwfile={password_file}"]
        argv += ["-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"]
        _checked(site.account.initialiser().run(argv))
        argv = [str(programs / "postgres"), "--single", "-D", str(folder), "postgres"]
        _checked(site.account.initialiser().run(argv, text=f"CREATE DATABASE {database}\n"))
        here = ["-D", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={site.sockets}"]
        with log.open("wb") as writer:
            process = site.account.start([str(programs / "postgres"), *command[1:], *here], writer)
        with ended(process):
            wait_for_port(port, process, log)
            yield port
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextlib.contextmanager
def valkey(site: ServerInstallation, command: Sequence[str], folder: Path) -> Iterator[int]:
    """A server run with compose's `command`; its port."""
    port = free_port()
    folder.mkdir()
    log = folder / "valkey.log"
    with log.open("wb") as writer:
        argv = [str(site.programs.valkey), *command[1:], "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.STDOUT, start_new_session=True)
    with ended(process):
        wait_for_port(port, process, log)
        yield port


def python_program(module: str) -> list[str]:
    """An image's entry point, from this environment."""
    return [sys.executable, "-m", module]


def _checked(result: subprocess.CompletedProcess[str]) -> None:
    if result.returncode != 0:
        raise RuntimeError(f"{result.args}: {result.stdout} {result.stderr}")
