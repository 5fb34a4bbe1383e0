"""Code that every download shares: a file comes whole or not at all, and attempts go on as long as they bring new bytes."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import tenacity

from videomoments.core.errors import MomentsError, OutOfSpace, SourceUnavailable
from videomoments.sources.fetch_types import FetchLimits


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The beginning of a file that an unfinished download left: `done` bytes of `total` (None: unknown) of the file at `url`, in the
    version that its server called `validator`."""

    url: str
    done: int
    total: int | None
    validator: str


def left_behind(target: Path, url: str) -> Unfinished | None:
    """Returns what an earlier download to `target` left of the same URL's file, or None. Removes leftovers that don't fit together."""
    partial, note = _paths(target)
    try:
        found = Unfinished(**json.loads(note.read_text(encoding="utf-8")))
        if found.url == url and found.validator and 0 < found.done <= partial.stat().st_size:
            return found
    except (OSError, ValueError, TypeError):
        pass
    _remove(partial, note)
    return None


@asynccontextmanager
async def whole_file(target: Path, limits: FetchLimits, leaves: Callable[[], Unfinished | None] = lambda: None) -> AsyncIterator[Path]:
    """Yields a path next to `target` to download to, and renames it to `target` at the end of the block. After an error or a cancellation
    nothing is left, unless the error may pass and `leaves` returns what to keep. Raises `SourceUnavailable` (`source_timeout`) when the
    block takes longer than `total_timeout`."""
    partial, note = _paths(target)
    resumable = False
    try:
        async with asyncio.timeout(limits.total_timeout):
            yield partial
        await asyncio.to_thread(partial.replace, target)
    except TimeoutError as error:
        raise SourceUnavailable(
            f"The download took longer than {limits.total_timeout:.0f} seconds.",
            code="source_timeout",
            advice="Try again, or raise MOMENTS_DOWNLOAD_TIMEOUT.",
        ) from error
    except SourceUnavailable as error:
        if error.retryable and (left := leaves()) is not None:
            resumable = _store(note, left)
        raise
    finally:
        if not resumable:
            _remove(partial, note)


def attempts(limits: FetchLimits, fruitless: Callable[[], int], asked_to_wait: Callable[[], float] = lambda: 0.0) -> tenacity.AsyncRetrying:
    """Tries again after a retryable `SourceUnavailable`, with growing waits. `fruitless` returns how many attempts in a row brought
    nothing: as long as each brings new bytes, an unreliable connection may take as many as it needs."""
    backoff = tenacity.wait_exponential_jitter(multiplier=limits.first_wait, max=limits.longest_wait, jitter=limits.first_wait)
    return tenacity.AsyncRetrying(
        sleep=limits.sleep,
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, SourceUnavailable) and error.retryable),
        stop=lambda _: fruitless() >= limits.attempts,
        wait=lambda state: max(backoff(state), asked_to_wait()),
        reraise=True,
    )


def failed_writing(error: OSError) -> MomentsError:
    """Returns our own error for one of this machine's disk or network."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfSpace("The disk filled up during the download.")
    return SourceUnavailable(f"The download failed: {os.strerror(error.errno or errno.EIO)}.")


def _paths(target: Path) -> tuple[Path, Path]:
    return target.with_name(target.name + ".part"), target.with_name(target.name + ".part.json")


def _store(note: Path, left: Unfinished) -> bool:
    try:
        note.write_text(json.dumps(asdict(left)), encoding="utf-8")
    except OSError:
        return False
    return True


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
