"""What every download shares: a file comes whole or not at all, and attempts go on for as long as they bring something new."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import tenacity

from videomoments.core.errors import MomentsError, OutOfSpace, SourceUnavailable
from videomoments.sources.base import FetchLimits


@asynccontextmanager
async def whole_file(target: Path, limits: FetchLimits) -> AsyncIterator[Path]:
    """A path beside `target` to download to, which takes its place at the end of the block; after any error, and when the task is
    cancelled, nothing is left. Raises `SourceUnavailable` when the block takes longer than `total_timeout`."""
    partial = target.with_name(target.name + ".part")
    try:
        async with asyncio.timeout(limits.total_timeout):
            yield partial
        await asyncio.to_thread(partial.replace, target)
    except TimeoutError as error:
        raise SourceUnavailable(
            f"The download took longer than {limits.total_timeout:.0f} seconds.", advice="Try again, or raise MOMENTS_DOWNLOAD_TIMEOUT."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def attempts(limits: FetchLimits, fruitless: Callable[[], int], asked_to_wait: Callable[[], float] = lambda: 0.0) -> tenacity.AsyncRetrying:
    """Tries again after a retryable `SourceUnavailable`, with waits that grow. `fruitless` says how many attempts in a row brought
    nothing: as long as each brings more bytes, a shaky line may take as many as it needs."""
    backoff = tenacity.wait_exponential_jitter(multiplier=limits.first_wait, max=limits.longest_wait, jitter=limits.first_wait)
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, SourceUnavailable) and error.retryable),
        stop=lambda _: fruitless() >= limits.attempts,
        wait=lambda state: max(backoff(state), asked_to_wait()),
        reraise=True,
    )


def failed_writing(error: OSError) -> MomentsError:
    """Our own error for one of this machine's disk or network."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfSpace("The disk filled up during the download.")
    return SourceUnavailable(f"The download failed: {os.strerror(error.errno or errno.EIO)}.")
