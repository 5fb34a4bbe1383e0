"""File locks that end with their process: `kill -9` releases them too, so no lock is ever stale."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded.data_folder import Layout

_POLL = 0.05

_open_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """One `flock` on one open file. Servers and forked children don't inherit it."""

    def __init__(self, layout: Layout, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise ServiceUnavailable(
                "The data folder belongs to another user.", advice="Run as that user, or set MOMENTS_HOME to a folder of your own."
            ) from error
        layout.give(path)
        _open_locks.add(self)

    def try_exclusive(self) -> bool:
        """Returns whether the lock is held exclusively now. Also turns a shared lock into an exclusive one; on failure the shared lock is
        lost too."""
        return self._try(fcntl.LOCK_EX)

    def shared(self, timeout: float, on_wait: Callable[[], None] = lambda: None) -> None:
        self._wait(fcntl.LOCK_SH, timeout, on_wait)

    def exclusive(self, timeout: float, on_wait: Callable[[], None] = lambda: None) -> None:
        """Waits up to `timeout` seconds. Raises ServiceUnavailable after that."""
        self._wait(fcntl.LOCK_EX, timeout, on_wait)

    def release(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _try(self, how: int) -> bool:
        try:
            fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self, how: int, timeout: float, on_wait: Callable[[], None]) -> None:
        deadline = time.monotonic() + timeout
        reported = False
        while not self._try(how):
            if not reported:
                on_wait()
                reported = True
            if time.monotonic() > deadline:
                raise ServiceUnavailable(
                    "Another command is starting or stopping the servers and does not finish.",
                    advice="End it, then try again; `moments doctor` shows what runs.",
                )
            time.sleep(_POLL)


def _close_in_child() -> None:
    # A forked child shares the open file, and would hold the lock after its parent's death.
    for lock in list(_open_locks):
        lock.release()


os.register_at_fork(after_in_child=_close_in_child)
