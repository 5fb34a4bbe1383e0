"""The one retry policy of calls to model services, and the breaker that ends hopeless ones early."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState

from videomoments.core.errors import ModelError
from videomoments.core.times import now

T = TypeVar("T")


class Unreachable(ModelError):
    """There is no way to the service, or none any more. Subclasses say with codes of their own where it ends."""

    code = "model_unreachable"


class Overloaded(ModelError):
    """The service asks for patience (429, 503); `retry_after` is its wish in seconds, if it named one."""

    code = "model_overloaded"

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. `read` is the longest silence inside an answer, `total` covers all tries of one call with the waits between, `poll` is
    how often a service is asked for its progress."""

    connect: float = 10.0
    read: float = 300.0
    total: float = 600.0
    poll: float = 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often each kind of failure is tried again, and the waits between in seconds (exponential, with full jitter)."""

    overloaded: int = 12
    unreachable: int = 4
    failed: int = 1
    first_wait: float = 0.5
    longest_wait: float = 20.0

    def retries(self, error: ModelError) -> int:
        if not error.retryable:
            return 0
        if isinstance(error, Unreachable):
            return self.unreachable
        return {"model_overloaded": self.overloaded, "model_unreachable": self.unreachable, "model_error": self.failed}.get(error.code, 0)

    def wait(self, attempt: int, error: BaseException | None) -> float:
        ceiling = min(self.longest_wait, self.first_wait * 2 ** (attempt - 1))
        jitter = random.uniform(ceiling / 2, ceiling)
        wished = error.retry_after if isinstance(error, Overloaded) else None
        # Never before the service's own wish, but spread behind it, or all workers come back at once.
        return jitter if wished is None else wished + jitter / 2


class Budget:
    """How often the calls of one run may be repeated, all together: many windows must not each try a sick model to the end."""

    def __init__(self, repeats: int) -> None:
        self._left = repeats

    def spend(self) -> bool:
        """Takes one repetition; False when none is left."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True


def retry_after_seconds(header: str | None) -> float | None:
    """A Retry-After header (seconds or an HTTP date) in seconds from now; None when it says nothing usable."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if seconds < 86_400 else None


async def with_retries(
    call: Callable[[], Awaitable[T]], *, policy: RetryPolicy, total: float, name: str, budget: Budget | None = None
) -> T:
    """`call`'s result, tried again by `policy`, all within `total` seconds and the `budget`. Raises ModelError.

    A wait that would outlast the deadline is not begun: the last error is raised at once.
    """
    deadline = time.monotonic() + total

    def hopeless(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, ModelError) or state.attempt_number > policy.retries(error):
            return True
        if time.monotonic() + state.upcoming_sleep >= deadline:
            return True
        return budget is not None and not budget.spend()

    def wait(state: RetryCallState) -> float:
        return policy.wait(state.attempt_number, state.outcome.exception() if state.outcome else None)

    try:
        async with asyncio.timeout(total):
            async for attempt in AsyncRetrying(stop=hopeless, wait=wait, reraise=True):
                with attempt:
                    return await call()
    except TimeoutError:
        raise ModelError(f"Model {name} did not finish within {total:.0f} seconds.", code="model_timeout") from None
    raise AssertionError("a retry loop ends with a result or an error")


class Breaker:
    """After `threshold` calls in a row that got no answer, refuses for `cooldown` seconds, then lets one call try."""

    def __init__(self, threshold: int = 3, cooldown: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold, self._cooldown, self._clock = threshold, cooldown, clock
        self._failures = 0
        self._open_until = 0.0

    @asynccontextmanager
    async def guard(self, name: str) -> AsyncIterator[None]:
        """Around one call; raises ModelError `model_unreachable` while open. Only unreachable and silent services count."""
        remaining = self._open_until - self._clock()
        if self._failures >= self._threshold and remaining > 0:
            raise ModelError(
                f"Model {name} gave no answer {self._failures} times in a row; it is tried again in {remaining:.0f} seconds.",
                code="model_unreachable",
            )
        if self._failures >= self._threshold:
            # One tries; the others wait for what it finds.
            self._open_until = self._clock() + self._cooldown
        try:
            yield
        except ModelError as error:
            # What a person must put right is said each time, in its own words.
            if (isinstance(error, Unreachable) and error.retryable) or error.code in ("model_unreachable", "model_timeout"):
                self._failures += 1
                self._open_until = self._clock() + self._cooldown
            else:
                self._failures = 0
            raise
        else:
            self._failures = 0
