"""Runs the worker and API processes that a command starts, and that never outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

STOP_SECONDS = 8.0
"""How long a child that was asked to end may take."""
_KEPT_LOGS = 10
_LOG_BYTES = 20 * 1024 * 1024
_TAIL_BYTES = 4096
# Seconds. How long a child that was asked to end may take when its parent is gone.
_ORPHAN_SECONDS = 30.0


class Child:
    """One child process in its own session, so that Ctrl-C reaches only the command, which then ends the child in order.

    Its standard input is a pipe to which nothing is written. When the command is killed, the pipe closes, and the child ends by itself.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log_folder: Path) -> None:
        self.name = name
        self._command = list(command)
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self._log_folder = log_folder
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.grace = STOP_SECONDS

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        return self._log_folder / f"{self.name}-{os.getpid()}.log"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def killed(self) -> bool:
        """Returns whether SIGKILL ended it, which means that another process killed it."""
        return self._process is not None and self._process.poll() == -signal.SIGKILL

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts the process, again if it has ended. Its output is appended to `log`."""
        self._reap()
        self._log_folder.mkdir(parents=True, exist_ok=True)
        forget_old_logs(self._log_folder, self.name)
        with _appending(self.log) as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def use(self, environment: Mapping[str, str]) -> None:
        """Gives it another environment. When that differs, asks it to end; its supervisor then starts it again."""
        changed = {**self._environment, **environment}
        if changed != self._environment:
            self._environment = changed
            self.request_stop()

    def request_stop(self) -> None:
        """Sends SIGTERM without waiting."""
        if self._process is not None and self.running:
            self._process.terminate()

    def stop(self) -> None:
        """Ends it: SIGTERM, and after `self.grace` seconds (or on a second interrupt) SIGKILL to it and its own children."""
        try:
            self.request_stop()
            if self._process is not None:
                self._process.wait(self.grace)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._kill()
            self._reap()

    def bound_log(self) -> None:
        """Truncates a log that has become long to its last lines."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > _LOG_BYTES:
                end = self.tail()
                os.truncate(self.log, 0)
                with _appending(self.log) as output:
                    output.write(end.encode())

    def tail(self, lines: int = 12) -> str:
        """Returns the last `lines` of its log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _kill(self) -> None:
        # The child leads a process group. Processes that it left can be reached by the group's number, which stays ours until it is reaped.
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _reap(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._process = None


def own_process(command: str) -> list[str]:
    """Returns the command line of `moments COMMAND` as a child that ends with its parent."""
    return [sys.executable, "-m", "videomoments", command, "--until-stdin-closes"]


def forget_old_logs(folder: Path, name: str) -> None:
    """Removes all but the newest logs of ended children. Another command may do so at the same time."""
    ages: list[tuple[float, Path]] = []
    for path in folder.glob(f"{name}-*.log*"):
        with contextlib.suppress(FileNotFoundError):
            ages.append((path.stat().st_mtime, path))
    for _, old in sorted(ages, reverse=True)[_KEPT_LOGS:]:
        old.unlink(missing_ok=True)


def end_with_parent() -> None:
    """Sends SIGTERM to this child process when standard input closes, and SIGKILL to its group when that does not help."""

    def watch() -> None:
        # Reads the descriptor itself: a thread in a buffered read makes the interpreter abort at its end.
        with contextlib.suppress(OSError):
            while os.read(0, 1024):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_ORPHAN_SECONDS)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _appending(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
