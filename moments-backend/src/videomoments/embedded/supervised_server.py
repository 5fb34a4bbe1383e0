"""The base of the supervised servers: find, start, wait for, and stop a server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from videomoments.core.errors import OutOfSpace, ServiceUnavailable
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.process_identity import Record, belonging, end, start_mark

_POLL = 0.01
_LOG_BYTES = 2 * 1024 * 1024

# Held so that a server that ends while we live is reaped, and does not stay a zombie.
_children: list[subprocess.Popen[bytes]] = []


class Server(ABC):
    """One supervised server. Call every method but `live` under the start lock, or with the users lock held exclusively."""

    name: ClassVar[str]
    title: ClassVar[str]
    programs: ClassVar[frozenset[str]]
    stop_signals: ClassVar[Sequence[tuple[signal.Signals, float]]]
    start_seconds: ClassVar[float]

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    @abstractmethod
    def folder(self) -> Path:
        """The folder that its processes work in, and no other server's."""

    @property
    @abstractmethod
    def marker(self) -> str:
        """Text that the command lines of its processes hold, and those of other processes don't."""

    @abstractmethod
    def prepare(self, on_progress: Callable[[str], None]) -> None:
        """Makes its data folder, or repairs it after a crash. No process of the server runs meanwhile."""

    @abstractmethod
    def spawn(self, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        """Starts the server. Returns its process, and what clients need to know."""

    @abstractmethod
    def answers(self, record: Record) -> bool:
        """Returns whether the server is ready for clients, after one round trip."""

    def reachable(self, record: Record) -> bool:  # noqa: ARG002
        """Returns whether the server can ever answer: not when its socket was removed (by a cleaner of temporary files)."""
        return True

    @property
    def log(self) -> Path:
        return self.layout.logs / f"{self.name}.log"

    def live(self) -> Record | None:
        """Returns the running server's record, ready or not; None when no server runs."""
        record = Record.load(self.layout, self.name)
        return record if record is not None and record.alive else None

    def start(self, on_progress: Callable[[str], None]) -> Record:
        """Returns the running server's record, and starts a server when none answers. Use `wait` to wait until it is ready. Raises
        ServiceUnavailable or OutOfSpace."""
        reap()
        record = self.live()
        if record is not None and (self.answers(record) or self._settles(record)):
            return record
        self.stop()
        self.prepare(on_progress)
        try:
            with self._open_log() as log:
                process, more = self.spawn(log)
        except (OSError, subprocess.SubprocessError) as error:
            raise ServiceUnavailable(f"{self.title} can't be started: {getattr(error, 'strerror', None) or error}.") from error
        _children.append(process)
        record = Record(process.pid, start_mark(process.pid) or "", "", more)
        record.save(self.layout, self.name)
        return record

    def wait(self, record: Record) -> Record:
        """Waits until the server is ready, and returns its record.

        Raises ServiceUnavailable with the last lines of its log when it ends or its time is over, and OutOfSpace when the disk is full.
        """
        deadline = time.monotonic() + self.start_seconds
        pause = _POLL
        while not self.answers(record):
            reap()
            if start_mark(record.pid) != record.mark:
                raise self.failed("did not start")
            if time.monotonic() > deadline:
                self.stop()
                raise self.failed(f"was not ready after {self.start_seconds:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.1)
        if not record.program:
            # Known only now: the process may have become the server through a program that execs it.
            record = record.named()
            record.save(self.layout, self.name)
        return record

    def stop(self) -> None:
        """Ends the server and its leftover processes. Does nothing when none runs."""
        record = Record.load(self.layout, self.name)
        if record is not None and record.alive:
            end([record.pid], self.stop_signals)
        leftover = belonging(self.folder, self.programs, self.marker)
        if leftover:
            end(leftover, self.orphan_signals)
        (self.layout.run / f"{self.name}.json").unlink(missing_ok=True)
        reap()

    @property
    def orphan_signals(self) -> Sequence[tuple[signal.Signals, float]]:
        """The signals that end processes without a known parent."""
        return self.stop_signals

    def _settles(self, record: Record) -> bool:
        """Waits for a server that lives but does not answer: it may be starting (recovery), or busy for a moment. Returns whether it
        answers."""
        deadline = time.monotonic() + self.start_seconds / 4
        while time.monotonic() < deadline and start_mark(record.pid) == record.mark and self.reachable(record):
            if self.answers(record):
                return True
            time.sleep(_POLL)
        return False

    def failed(self, what: str, output: str | None = None) -> ServiceUnavailable | OutOfSpace:
        lines = last_lines(self.log) if output is None else output.strip().splitlines()[-8:]
        if any("No space left on device" in line for line in lines):
            return OutOfSpace(f"{self.title} {what}: the disk is full.")
        said = " | ".join(line.strip() for line in lines if line.strip())
        return ServiceUnavailable(
            f"{self.title} {what}" + (f": {said}" if said else "."), advice="`moments doctor` checks what this machine lacks."
        )

    @contextmanager
    def _open_log(self) -> Iterator[IO[bytes]]:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            self.layout.give(self.log)
            yield file


def last_lines(path: Path, count: int = 8) -> list[str]:
    """Returns the last lines of a log, without reading the whole file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def bound_logs(layout: Layout) -> None:
    """Moves the older part of a long log to `NAME.log.1`. The server continues to append to its open file."""
    for path in layout.logs.glob("*.log"):
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            if size > _LOG_BYTES:
                with path.open("rb") as file:
                    file.seek(size - _LOG_BYTES)
                    path.with_name(path.name + ".1").write_bytes(file.read(_LOG_BYTES))
                os.truncate(path, 0)


def reap() -> None:
    """Collects the ended processes among those that this command started."""
    _children[:] = [child for child in _children if child.poll() is None]
