"""Identifies processes: a pid alone proves nothing, since the system uses pids again."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from videomoments.embedded.data_folder import Layout, read_json

_POLL = 0.01
_LINUX = platform.system() == "Linux"


@dataclass(frozen=True)
class Record:
    """A server that was started: its process, by pid and start mark, and in `more` what its clients need to know."""

    pid: int
    mark: str
    program: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        if start_mark(self.pid) != self.mark:
            return False
        program = _program(self.pid)
        return not self.program or program is None or program == self.program

    def named(self) -> Record:
        """Returns the record with the name of the program that the process runs by now."""
        return replace(self, program=_program(self.pid) or "")

    def save(self, layout: Layout, name: str) -> None:
        layout.write_json(layout.run / f"{name}.json", {**asdict(self), "home": str(layout.home)})

    @classmethod
    def load(cls, layout: Layout, name: str) -> Record | None:
        """Returns the record of this data folder's server; None when there is none, or when it was copied here with another folder."""
        value: dict[str, Any] | None = read_json(layout.run / f"{name}.json")
        if value is None or value.get("home") != str(layout.home):
            return None
        try:
            return cls(int(value["pid"]), str(value["mark"]), str(value["program"]), dict(value["more"]))
        except (KeyError, TypeError, ValueError):
            return None


def start_mark(pid: int) -> str | None:
    """Returns a mark of when the process with this pid began, exact enough to distinguish it from a later one; None when it has ended (or
    is a zombie)."""
    if _LINUX:
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The program's name may hold spaces and brackets, so fields count from the last bracket (proc(5): state is 3, starttime 22).
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.Error:
        return None


def belonging(folder: Path, programs: frozenset[str], marker: str) -> list[int]:
    """Returns the pids of processes of `programs` whose command line holds `marker`, or whose working folder is `folder`. The latter can't
    be read of another account's process without CAP_SYS_PTRACE, as in Docker."""
    found = []
    for process in psutil.process_iter(["name"]):
        name = process.info["name"] or ""
        if not any(name.startswith(program) for program in programs):
            continue
        try:
            if start_mark(process.pid) is not None and _works_in(process, folder, marker):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _works_in(process: psutil.Process, folder: Path, marker: str) -> bool:
    if marker in " ".join(process.cmdline()):
        return True
    try:
        return Path(process.cwd()) == folder
    except (psutil.AccessDenied, FileNotFoundError):
        return False


def end(pids: Sequence[int], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Sends each signal in turn and waits its seconds for all of `pids` to end; sends SIGKILL last.

    A pid that another process has meanwhile is left alone.
    """
    marks = {pid: mark for pid in pids if (mark := start_mark(pid)) is not None}
    for number, seconds in (*signals, (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        for pid, mark in marks.items():
            if start_mark(pid) == mark:
                _send(pid, number)
        while marks and time.monotonic() < deadline:
            marks = {pid: mark for pid, mark in marks.items() if start_mark(pid) == mark}
            if marks:
                time.sleep(_POLL)
        if not marks:
            return


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _program(pid: int) -> str | None:
    """Returns the file name of the program; None when it may not be read."""
    try:
        return Path(psutil.Process(pid).exe()).name or None
    except (psutil.Error, OSError):
        return None


@cache
def _boot() -> str:
    # Ticks count from the machine's boot, which has its own id.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        return f"{psutil.boot_time():.0f}"
