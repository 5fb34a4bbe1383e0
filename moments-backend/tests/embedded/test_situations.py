"""The four situations that a machine may put us in, each as a process of its own that starts, uses and stops the stack twice."""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from embedded_commands import server_pids
from readable_python import Interpreter, python_for

from support.stack import quick_folder, remove_home

SITUATION = Path(__file__).with_name("situation.py")
UNKNOWN_UID = 54321

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="capabilities and user namespaces are Linux's")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every account may pass."""
    folder = Path(tempfile.mkdtemp(prefix="vm", dir=quick_folder()))
    folder.chmod(0o755)
    shutil.copy(SITUATION, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def closed_home(place: Path) -> Iterator[Path]:
    """A person's home folder, of mode 700."""
    folder = place / "person"
    folder.mkdir(mode=0o700)
    yield folder
    remove_home(folder / "data")
    shutil.rmtree(folder)


def told_by(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def assert_worked(told: dict[str, Any], home: Path) -> None:
    assert "error" not in told, told
    assert told["answer"] == 42
    assert told["ping"] is True
    assert told["revived"] == 42
    assert told["failed_checks"] == []
    assert not psutil.pid_exists(told["pid"]) or psutil.Process(told["pid"]).status() == psutil.STATUS_ZOMBIE
    assert server_pids(home) == []


def ordinary_uid() -> int:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def run_as(python: Interpreter, uid: int, place: Path, home: Path) -> dict[str, Any]:
    os.chown(home.parent, uid, uid)
    return told_by(python.run([str(place / SITUATION.name), str(home)], user=uid, group=uid, extra_groups=[]))


def test_an_ordinary_user_with_a_home_of_mode_700(place: Path, closed_home: Path) -> None:
    home = closed_home / "data"
    if os.geteuid() == 0:
        told = run_as(python_for(ordinary_uid(), place), ordinary_uid(), place, home)
    else:
        told = told_by(Interpreter(sys.executable, dict(os.environ)).run([str(SITUATION), str(home)]))
    assert_worked(told, home)
    assert (told["way"], told["base"]) == ("self", str(home))


@as_root
def test_root_with_a_home_of_mode_700(place: Path, closed_home: Path) -> None:
    home = closed_home / "data"
    modes = {folder: folder.stat().st_mode for folder in (place, Path("/"), Path("/var"), Path("/var/lib"))}
    told = told_by(Interpreter(sys.executable, {}).run([str(SITUATION), str(home)]))
    assert_worked(told, home)
    if told["way"] == "setuid":  # not so in a container without the capabilities for it
        base = Path(told["base"])
        assert home not in (base, *base.parents)
        assert (base / "postgres").stat().st_uid == pwd.getpwnam(told["account"]).pw_uid != 0
        assert (base / "postgres").stat().st_mode & 0o077 == 0
        # A data folder that was removed and made anew begins anew, though its database still lies elsewhere.
        shutil.rmtree(home)
        again = told_by(Interpreter(sys.executable, {}).run([str(SITUATION), str(home)]))
        assert_worked(again, home)
        assert again["base"] == f"{base}-1"
        shutil.rmtree(base)
    assert {folder: folder.stat().st_mode for folder in modes} == modes


def drop_capabilities(kept: frozenset[int] = frozenset()) -> None:
    """Root keeps its uid and loses its powers at the next exec: PR_CAPBSET_DROP (24) of each capability."""
    libc = ctypes.CDLL(None)
    for capability in range(64):
        if capability not in kept:
            libc.prctl(24, capability, 0, 0, 0)


def namespaces_are_allowed(python: Interpreter, **how: object) -> bool:
    """Whether the system gives an unprivileged process a user namespace: Docker's seccomp profile does not."""
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"
    return python.run(["-c", code], **how).returncode == 0


def assert_worked_or_advised(told: dict[str, Any], home: Path, allowed: bool) -> None:
    if allowed:
        assert_worked(told, home)
    else:
        assert "DATABASE_URL" in told["advice"]
        assert server_pids(home) == []


@as_root
@on_linux
def test_root_with_the_capabilities_that_docker_leaves(place: Path, closed_home: Path) -> None:
    # Without CAP_SYS_PTRACE: what another account's process runs and where can't be read.
    docker = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31})
    home = closed_home / "data"
    told = told_by(Interpreter(sys.executable, {}).run([str(SITUATION), str(home)], preexec_fn=lambda: drop_capabilities(docker)))
    assert_worked(told, home)
    # The account's data is out of reach for root without powers, which says so.
    powerless = told_by(Interpreter(sys.executable, {}).run([str(SITUATION), str(home)], preexec_fn=drop_capabilities))
    if told["way"] == "setuid":
        assert "belongs to another account" in powerless["error"]
        assert powerless["advice"]


@as_root
@on_linux
def test_root_without_capabilities(place: Path, closed_home: Path) -> None:
    home = closed_home / "data"
    python = python_for(0, place)
    allowed = namespaces_are_allowed(python, preexec_fn=drop_capabilities)
    told = told_by(python.run([str(SITUATION), str(home)], preexec_fn=drop_capabilities))
    assert_worked_or_advised(told, home, allowed)
    if allowed:
        assert (told["way"], told["uid"]) == ("namespace", 0)
        # With its powers back, root goes on with the same data.
        again = told_by(Interpreter(sys.executable, {}).run([str(SITUATION), str(home)]))
        assert_worked(again, home)


@as_root
@on_linux
def test_an_arbitrary_uid_without_a_passwd_entry(place: Path, closed_home: Path) -> None:
    home = closed_home / "data"
    python = python_for(UNKNOWN_UID, place)
    how = {"user": UNKNOWN_UID, "group": UNKNOWN_UID, "extra_groups": []}
    allowed = namespaces_are_allowed(python, **how)
    told = run_as(python, UNKNOWN_UID, place, home)
    assert_worked_or_advised(told, home, allowed)
    if allowed:
        assert (told["uid"], told["base"]) == (UNKNOWN_UID, str(home))
