"""Chooses the account that the servers run under. PostgreSQL refuses to run as root, and `initdb` as an account without a passwd entry."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

SERVICE_ACCOUNTS = ("moments", "postgres", "nobody")

# CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID (linux/capability.h): what it takes to run another account's server.
_NEEDED_CAPABILITIES = sum(1 << number for number in (0, 1, 5, 6, 7))
_NAMESPACE_EXEC = Path(__file__).with_name("namespace_exec.py")
# The servers get nothing of the caller's environment: no LD_LIBRARY_PATH, no PG*, no secrets.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/", "TZ": "UTC"}


class Way(StrEnum):
    """How a server's process gets its account."""

    SELF = "self"
    SETUID = "setuid"
    NAMESPACE = "namespace"


@dataclass(frozen=True)
class Account:
    """An account and the way to get it. `uid` and `gid` are the owner that we see on its files."""

    way: Way
    uid: int
    gid: int
    name: str

    def start(self, argv: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Starts a server, detached from our terminal and session. Raises OSError or SubprocessError where the system refuses."""
        return subprocess.Popen(
            self._argv(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            umask=0o077,
            **self._how(),
        )

    def run(self, argv: Sequence[str], *, text: str = "", timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end, with `text` as its input. Raises OSError or SubprocessError where the system refuses."""
        return subprocess.run(
            self._argv(argv),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            start_new_session=True,
            umask=0o077,
            timeout=timeout,
            check=False,
            **self._how(),
        )

    def initialiser(self) -> Account:
        """Returns the account that `initdb` can run as: unlike the server, it looks up its own name."""
        if self.way is Way.SELF and _entry(self.uid) is None:
            return replace(self, way=Way.NAMESPACE)
        return self

    def make_folder(self, path: Path) -> None:
        """Makes a folder that only this account may enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        self.give(path)

    def give(self, path: Path) -> None:
        """Makes this account the owner of the tree at `path`, where it is not yet."""
        if self.way is not Way.SETUID:
            return
        if path.lstat().st_uid != self.uid:
            for inside in (path, *path.rglob("*")):
                os.chown(inside, self.uid, self.gid, follow_symlinks=False)

    def _argv(self, argv: Sequence[str]) -> list[str]:
        if self.way is Way.NAMESPACE:
            pairs = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
            return [sys.executable, "-I", "-S", str(_NAMESPACE_EXEC), str(_named_uid()), *pairs, "--", *argv]
        return list(argv)

    def _how(self) -> dict[str, Any]:
        match self.way:
            case Way.SETUID:
                return {"user": self.uid, "group": self.gid, "extra_groups": [], "env": _ENVIRONMENT}
            case Way.NAMESPACE:
                # The Python between us and the server may need our environment to start; the server gets the clean one.
                return {"env": None}
            case Way.SELF:
                return {"env": _ENVIRONMENT}


def own_account() -> Account:
    """Returns the account of this process."""
    entry = _entry(os.geteuid())
    return Account(Way.SELF, os.geteuid(), os.getegid(), entry.pw_name if entry else str(os.geteuid()))


def namespace_account() -> Account:
    """Returns this account, seen as another uid inside a user namespace: for root without the right to change its uid."""
    return replace(own_account(), way=Way.NAMESPACE)


def service_accounts(prefer_uid: int | None = None) -> Iterator[Account]:
    """Yields accounts that root may run a server under, the best first; `prefer_uid` (the data's owner) comes before all. Yields none
    without the capabilities that this takes."""
    if not may_change_account():
        return
    if prefer_uid:
        entry = _entry(prefer_uid)
        yield Account(Way.SETUID, prefer_uid, entry.pw_gid if entry else prefer_uid, entry.pw_name if entry else str(prefer_uid))
    for name in SERVICE_ACCOUNTS:
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            if found.pw_uid not in (0, prefer_uid):
                yield Account(Way.SETUID, found.pw_uid, found.pw_gid, name)


def may_change_account() -> bool:
    """Returns whether we are root with the capabilities to run a server under another account, to own its files, and to stop it."""
    if os.geteuid() != 0:
        return False
    if sys.platform != "linux":
        return True
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return True
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return effective & _NEEDED_CAPABILITIES == _NEEDED_CAPABILITIES


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _named_uid() -> int:
    """Returns a uid other than root's that has a passwd entry, for use inside a namespace."""
    for name in (*SERVICE_ACCOUNTS, "daemon"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    return next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), 65534)
