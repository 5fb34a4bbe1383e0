"""Samples the proportional set size of the program's own processes in a thread, while something runs."""

from __future__ import annotations

import threading
from collections import defaultdict
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]

MIB = 1024 * 1024
# Databases and models are not counted: their size is the same whatever program uses them.
_NOT_OURS = ("postgres", "valkey-server", "moments_models", "moments-models")
_ROLES = (
    ("videomoments.media", "media child"),
    ("worker", "worker"),
    ("api", "API"),
    ("serve", "serve"),
    ("generate", "command"),
)


class PssSampler:
    """Samples the process trees of `roots` every `interval` seconds. `peak` is of the sum, `peaks` of each role, in bytes."""

    def __init__(self, *roots: int, interval: float = 0.25) -> None:
        self.peak = 0
        self.peaks: dict[str, int] = defaultdict(int)
        self.samples = 0
        self._roots = list(roots)
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def watch(self, pid: int) -> None:
        """Adds a root."""
        self._roots.append(pid)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        sums: dict[str, int] = defaultdict(int)
        for process in self._processes():
            try:
                role = role_of(process.cmdline())
                if role is not None:
                    sums[role] += int(process.memory_full_info().pss)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        for role, size in sums.items():
            self.peaks[role] = max(self.peaks[role], size)
        self.peak = max(self.peak, sum(sums.values()))
        self.samples += 1

    def _processes(self) -> set[psutil.Process]:
        found: set[psutil.Process] = set()
        for pid in self._roots:
            try:
                root = psutil.Process(pid)
                found |= {root, *root.children(recursive=True)}
            except psutil.NoSuchProcess:
                continue
        return found


def role_of(command: list[str]) -> str | None:
    """Returns the role of a command line: None for a process that is not counted, `other` for one without a name here."""
    line = " ".join(command[:6])
    if not command or any(name in line for name in _NOT_OURS):
        return None
    return next((role for word, role in _ROLES if word in line), "other")
