"""Checks for `moments doctor`: can the embedded parts run here, and do they run?"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.embedded.accounts import Way
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import all_servers
from videomoments.embedded.installation import MAX_SOCKET_PATH, ServerInstallation, choose_installation, system_name, wheel_programs
from videomoments.embedded.locks import FileLock

_WORDS = {Way.SELF: "as this user", Way.SETUID: "as the account", Way.NAMESPACE: "in a user namespace, by"}


@dataclass(frozen=True)
class Check:
    """One check: `detail` says what was found, `advice` what to do when it is not `ok` (else empty)."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def diagnose(settings: Settings) -> list[Check]:
    """Returns every check, failed ones included. Raises no MomentsError. Starts no server, but makes the data folder and its runtime
    copy."""
    checks = [_python(), _platform()]
    try:
        layout = Layout.of(settings)
        layout.make()
    except MomentsError as error:
        return [*checks, Check("data folder", False, error.message, error.advice)]
    checks += [_space(settings, layout), _looked("valkey program", lambda: str(wheel_programs().valkey.name) + " is there")]
    try:
        with FileLock(layout, layout.start_lock) as lock:
            lock.exclusive(10.0)
            installation = choose_installation(layout)
            checks += [_postgres(installation), _sockets(installation), *_servers(layout)]
    except MomentsError as error:
        checks.append(Check("PostgreSQL program", False, error.message, error.advice))
    checks.append(_users(layout))
    return checks


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.")


def _platform() -> Check:
    known = sys.platform in ("linux", "darwin")
    return Check("platform", known, system_name(), "" if known else "Set DATABASE_URL and REDIS_URL to servers of your own.")


def _looked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except MomentsError as error:
        return Check(name, False, error.message, error.advice)


def _space(settings: Settings, layout: Layout) -> Check:
    free = shutil.disk_usage(layout.home).free
    enough = free >= settings.min_free_bytes
    writable = os.access(layout.home, os.W_OK)
    advice = "" if enough and writable else "Free some disk space, or set MOMENTS_HOME to another folder."
    return Check("data folder", enough and writable, f"{layout.home}, {free / 1e9:.1f} GB free", advice)


def _postgres(installation: ServerInstallation) -> Check:
    result = installation.account.run([str(installation.programs.postgres / "bin" / "postgres"), "--version"], timeout=20)
    detail = f"{result.stdout.strip()}, {_WORDS[installation.account.way]} {installation.account.name}, data below {installation.base}"
    advice = "" if result.returncode == 0 else "Set DATABASE_URL to a server of your own."
    return Check("PostgreSQL program", result.returncode == 0, detail, advice)


def _sockets(installation: ServerInstallation) -> Check:
    return Check("sockets", True, f"{installation.sockets} ({len(os.fsencode(installation.sockets))} of {MAX_SOCKET_PATH} characters)")


def _servers(layout: Layout) -> list[Check]:
    checks = []
    for server in all_servers(layout):
        record = server.live()
        if record is None:
            checks.append(Check(server.title, True, "not running"))
        elif server.answers(record):
            checks.append(Check(server.title, True, f"running (pid {record.pid})"))
        else:
            advice = f"The next command starts it again; its log is {server.log}."
            checks.append(Check(server.title, False, f"running (pid {record.pid}), but does not answer", advice))
    return checks


def _users(layout: Layout) -> Check:
    with FileLock(layout, layout.users_lock) as lock:
        used = not lock.try_exclusive()
    return Check("commands", True, "at least one command uses the servers" if used else "no command uses the servers")
