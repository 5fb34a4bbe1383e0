"""The parent's side of a child that does one job on untrusted bytes: starts it, reads its events, and makes sure that it ends.

The job is one JSON line on stdin; events are JSON lines on stdout: `progress`, `item`, `result`, `error`. Stdin stays open while the parent
lives: the child exits when it closes. The child's side is `job_child.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from videomoments.core import errors

_log = logging.getLogger(__name__)
_LINE_LIMIT = 16 * 1024**2
_STDERR_LIMIT = 8 * 1024
# The child gets only these variables, so it can read no database URL, key or password of ours.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
_ERRORS: Mapping[str, type[errors.MomentsError]] = {
    kind.__name__: kind
    for kind in (
        errors.UnsupportedMedia,
        errors.InvalidInput,
        errors.AddressRefused,
        errors.NotFound,
        errors.TooLarge,
        errors.OutOfSpace,
        errors.SourceUnavailable,
        errors.MomentsError,
    )
}


@dataclass(frozen=True, slots=True)
class ChildProgram(ABC):
    """A kind of child: the module that it runs, and the errors for the ways in which it can fail.

    `unexplained` is the code of errors that the child could not explain; then its stderr is logged.
    """

    name: str
    module: str
    unexplained: str

    def command(self) -> list[str]:
        return [sys.executable, "-P", "-m", self.module]

    @abstractmethod
    def stalled(self, seconds: float) -> errors.MomentsError:
        """Returns the error for a child that was silent for `seconds`."""

    @abstractmethod
    def ended(self, status: int) -> errors.MomentsError:
        """Returns the error for a child that ended without a result. `status` is its exit status, negative for a signal."""


async def run_job(
    program: ChildProgram, job: Mapping[str, Any], limits: Mapping[str, Any], *, stall_seconds: float
) -> AsyncGenerator[dict[str, Any], None]:
    """Runs one job in its own child process and yields its events; the last one is the `result`.

    Leaving the generator in any way, cancellation included, kills the child's whole process group and waits for it. Raises the child's own
    error, or the program's error for how the child ended.
    """
    process = await _start(program, {**job, "limits": dict(limits)})
    noise = bytearray()
    drain = asyncio.create_task(_drain(process, noise))
    try:
        async for event in _events(program, process, stall_seconds):
            if event["event"] == "error":
                error = _error_of(event)
                if error.code == program.unexplained:
                    await _settled(drain)
                    _log.warning("%s %s failed: %s", program.name, job.get("job", ""), _text(noise))
                raise error
            yield event
            if event["event"] == "result":
                return
        await process.wait()
        await _settled(drain)
        _log.warning("%s ended with status %s: %s", program.name, process.returncode, _text(noise))
        raise program.ended(process.returncode or 0)
    finally:
        await _end(process, drain)


async def _start(program: ChildProgram, job: Mapping[str, Any]) -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *program.command(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        start_new_session=True,
        env={**environment, "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.stdin is not None
    # A child that died at once is reported by its exit status, not by its broken pipe.
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(job).encode() + b"\n")
        await process.stdin.drain()
    return process


async def _events(program: ChildProgram, process: asyncio.subprocess.Process, stall_seconds: float) -> AsyncGenerator[dict[str, Any], None]:
    assert process.stdout is not None
    while True:
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that arrives together with the line.
            async with asyncio.timeout(stall_seconds):
                line = await process.stdout.readline()
        except TimeoutError:
            raise program.stalled(stall_seconds) from None
        except ValueError:
            raise errors.MomentsError(f"The {program.name} answered with a line that is too long.", code=program.unexplained) from None
        if not line:
            return
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


async def _drain(process: asyncio.subprocess.Process, noise: bytearray) -> None:
    """Reads stderr, so that the child never blocks on it, and stores its last bytes."""
    assert process.stderr is not None
    while chunk := await process.stderr.read(4096):
        noise += chunk
        del noise[:-_STDERR_LIMIT]


async def _settled(drain: asyncio.Task[None]) -> None:
    """Waits until all of stderr has been read, for at most a second."""
    await asyncio.wait({drain}, timeout=1)


def _text(noise: bytearray) -> str:
    return noise.decode(errors="replace")[-2000:].strip()


async def _end(process: asyncio.subprocess.Process, drain: asyncio.Task[None]) -> None:
    # The group outlives its leader when the child has started processes, so always signal the group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        # If this is cancelled too, SIGKILL has been sent, and the loop's child watcher reaps the child.
        await process.wait()
    finally:
        drain.cancel()
        if process.stdin is not None:
            process.stdin.close()


def _error_of(event: Mapping[str, Any]) -> errors.MomentsError:
    kind = _ERRORS.get(str(event.get("kind")), errors.MomentsError)
    return kind(str(event["message"]), code=event["code"], advice=event["advice"], retryable=event["retryable"])
