"""A room without a way out: commands run in namespaces of their own, and what they asked the network for and wrote is reported.

`run_in_room` is for tests and scripts; as a program (`python -m isolation.room FOLDER`) this file is the room's inside. Leaving the room in
any way ends all that ran in it: it has process numbers of its own, and the kernel ends them with the first.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from isolation import kernel
from isolation.files import HOME, OwnFiles
from isolation.outside import Outside
from isolation.wire import RESOLVER, Call, Wire

NO_ROOM = 125
PORTS = (80, 443)
_TESTS = Path(__file__).parents[1]
# From the first question of the last process to its record.
_SETTLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Phase:
    """A command, run from `folder`. `open`: its connections reach the real network, by name; else nothing does."""

    command: Sequence[str]
    folder: str = "/"
    open: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What the phases did: the exit status of the last one that ran, all words, the calls made and the paths written."""

    status: int
    output: str
    calls: list[Call]
    written: list[str]


def why_no_room() -> str | None:
    """Why this machine has no room for us, in words; None where it has one."""
    if sys.platform != "linux":
        return "namespaces are a feature of Linux"
    try:
        report = run_in_room([Phase(["true"])], environment={})
    except RuntimeError as error:
        return str(error)
    return None if report.status == 0 else f"a room ended with status {report.status}: {report.output[-300:]}"


def run_in_room(phases: Sequence[Phase], *, environment: Mapping[str, str], seconds: float = 120.0, ports: Sequence[int] = PORTS) -> Report:
    """Runs the commands one after the other in a fresh room, with this environment and a fresh home; one that fails is the last.

    Connections to `ports` are taken, and carried on while a phase is open; others are counted and refused.
    Raises RuntimeError where a room can't be had, TimeoutExpired when all takes longer than `seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="room-", dir="/var/tmp") as made:
        place = Path(made)
        place.chmod(0o755)
        facts = {"phases": [asdict(phase) for phase in phases], "environment": dict(environment), "ports": list(ports)}
        (place / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        search = {**os.environ, "PYTHONPATH": str(_TESTS), "PYTHONDONTWRITEBYTECODE": "1"}
        with (place / "output").open("wb") as output:
            room = subprocess.Popen(
                [sys.executable, "-m", "isolation.room", str(place)],
                env=search, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            try:
                status = room.wait(seconds)
            except subprocess.TimeoutExpired as error:
                error.output = (place / "output").read_bytes()
                raise
            finally:
                if room.poll() is None:
                    os.killpg(room.pid, signal.SIGKILL)
                    room.wait()
        said = (place / "output").read_text(encoding="utf-8", errors="replace")
        if status == NO_ROOM:
            raise RuntimeError(said.strip() or "no room")
        recorded = (place / "calls.json").read_text(encoding="utf-8")
        if not recorded:
            raise RuntimeError(f"the room was ended from outside: {said[-300:]}")
        calls = [Call(**call) for call in json.loads(recorded)]
        return Report(status, said, calls, OwnFiles(place).written())


def main() -> None:
    kernel.end_with_parent()
    place = Path(sys.argv[1])
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    way_out = Outside.open()
    privileged = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    try:
        kernel.unshare((0 if privileged else kernel.NEW_USER) | kernel.NEW_FILES | kernel.NEW_NETWORK | kernel.NEW_PROCESSES)
        if not privileged:
            kernel.be_the_same_user(uid, gid)
    except OSError as error:
        _refuse(f"namespaces are not to be had here: {error}")
    first = os.fork()
    if first == 0:
        _be_inside(place, facts, way_out, privileged=privileged)
    _, status = os.waitpid(first, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def _be_inside(place: Path, facts: dict[str, Any], way_out: Outside, *, privileged: bool) -> NoReturn:
    """The room's first process: everything else in it is a child of it, and ends with it."""
    kernel.end_with_parent()
    wire = Wire(facts["ports"])
    calls = os.open(place / "calls.json", os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        kernel.lead_every_address_here()
        files = OwnFiles(place)
        files.build(privileged=privileged)
        files.settle("/etc/resolv.conf", f"nameserver {RESOLVER}\noptions timeout:2 attempts:1\n")
        files.settle("/etc/nsswitch.conf", _nsswitch())
        files.settle("/etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n")
        kernel.move_into(files.root)
        wire.start()
    except OSError as error:
        _refuse(f"a room could not be made: {error}")
    environment = {"PATH": os.environ["PATH"], **facts["environment"], "HOME": str(HOME)}
    status = 0
    for number, phase in enumerate(facts["phases"]):
        wire.phase, wire.way_out = number, way_out.take if phase["open"] else None
        status = _run(phase["command"], environment, phase["folder"])
        time.sleep(_SETTLE_SECONDS)
        _end_all_others()
        if status:
            break
    os.write(calls, json.dumps([asdict(call) for call in wire.calls]).encode())
    os._exit(status)


def _run(command: list[str], environment: dict[str, str], folder: str) -> int:
    """The command's exit status. Orphans are reaped on the way, as the first process has to."""
    sys.stdout.flush()
    try:
        process = subprocess.Popen(command, env=environment, cwd=folder)
    except OSError as error:
        print(error, flush=True)
        return 127
    while True:
        ended, status = os.wait()
        if ended == process.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _end_all_others() -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(-1, number)
            time.sleep(_SETTLE_SECONDS)
        except ProcessLookupError:
            return


def _nsswitch() -> str:
    """Names by hosts and DNS alone: other ways lead through sockets to the machine's own services."""
    try:
        lines = Path("/etc/nsswitch.conf").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "hosts: files dns\n"
    return "\n".join("hosts: files dns" if line.startswith("hosts:") else line for line in lines) + "\n"


def _refuse(why: str) -> NoReturn:
    print(why, flush=True)
    os._exit(NO_ROOM)


if __name__ == "__main__":
    main()
