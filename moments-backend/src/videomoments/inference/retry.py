"""The retry policy of all calls to model services, and the breaker that ends hopeless calls early."""

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

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.times import now

T = TypeVar("T")


class Unreachable(ModelError):
    """The service can't be reached, or no longer. Subclasses have codes of their own that say where the way ends."""

    code = "model_unreachable"


class Overloaded(ModelError):
    """The service asks to wait (429, 503). `retry_after` is its wish in seconds, if it named one. `away` says that the answer may come from
    a proxy in front of a service that is restarting."""

    code = "model_overloaded"

    def __init__(self, message: str, retry_after: float | None, *, away: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.away = away


class GatewayTimeout(ModelError):
    """A proxy in front of the service got no answer from it in time (504)."""

    code = "model_timeout"


def is_away(error: ModelError) -> bool:
    """Returns whether the service was away: the same call may succeed when it is back. False when a user must correct something first."""
    if isinstance(error, Unreachable):
        # An unknown name is a mistake, or the network is down.
        return error.retryable or error.code == "tunnel_no_host"
    if isinstance(error, Overloaded):
        return error.away
    return error.retryable and (error.code == "model_unreachable" or isinstance(error, GatewayTimeout))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Deadlines in seconds. `total` covers all tries of one call with the waits between them: for an answer in one body, only that tells a
    slow service from one that hangs. For a streamed answer, `first` is the longest time until it begins, `read` the longest silence in it,
    and `streamed` its `total`. `poll` is the interval at which a service is asked for its progress."""

    connect: float = 10.0
    read: float = 120.0
    total: float = 600.0
    first: float = 300.0
    streamed: float = 3600.0
    poll: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> Deadlines:
        return cls(read=settings.model_silence_seconds, total=settings.model_answer_seconds, first=settings.model_first_token_seconds)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often each kind of failure is tried again, and the waits between in seconds (exponential, with jitter); `sleep` waits."""

    overloaded: int = 12
    # For a service that is away for longer, the caller waits: see `pipeline.calling`.
    unreachable: int = 2
    failed: int = 1
    first_wait: float = 0.5
    longest_wait: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def retries(self, error: ModelError) -> int:
        if not error.retryable:
            return 0
        if isinstance(error, Unreachable) or (isinstance(error, Overloaded) and error.away):
            return self.unreachable
        return {"model_overloaded": self.overloaded, "model_unreachable": self.unreachable, "model_error": self.failed}.get(error.code, 0)

    def wait(self, attempt: int, error: BaseException | None) -> float:
        ceiling = min(self.longest_wait, self.first_wait * 2 ** (attempt - 1))
        jitter = random.uniform(ceiling / 2, ceiling)
        wished = error.retry_after if isinstance(error, Overloaded) else None
        # Never before the time that the service wishes, but spread after it: otherwise all workers come back at once.
        return jitter if wished is None else wished + jitter / 2


class Budget:
    """Limits how often the calls of one run may be repeated, all together: many windows must not each try a failing model to the end."""

    def __init__(self, repeats: int) -> None:
        self._left = repeats

    def spend(self) -> bool:
        """Takes one repetition. Returns False when none is left."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True


def retry_after_seconds(header: str | None) -> float | None:
    """Returns a Retry-After header (seconds or an HTTP date) as seconds from now, or None when it has nothing usable."""
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
    """Returns `call`'s result. Tries again by `policy`, within `total` seconds and the `budget`. Raises ModelError.

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
            async for attempt in AsyncRetrying(sleep=policy.sleep, stop=hopeless, wait=wait, reraise=True):
                with attempt:
                    return await call()
    except TimeoutError:
        raise ModelError(f"Model {name} did not finish within {total:.0f} seconds.", code="model_timeout") from None
    raise AssertionError("a retry loop ends with a result or an error")


class Breaker:
    """Refuses calls for `cooldown` seconds after `threshold` calls in a row that got no answer, then lets one call try."""

    def __init__(self, threshold: int = 3, cooldown: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold, self._cooldown, self._clock = threshold, cooldown, clock
        self._failures = 0
        self._open_until = 0.0

    def half_open(self) -> None:
        """Lets the next call through: the service has answered something else, or a user wants another try."""
        self._open_until = min(self._open_until, self._clock())

    @asynccontextmanager
    async def guard(self, name: str) -> AsyncIterator[None]:
        """Guards one call. Raises ModelError `model_unreachable` while open. Only unreachable and silent services count as failures."""
        remaining = self._open_until - self._clock()
        if self._failures >= self._threshold and remaining > 0:
            raise ModelError(
                f"Model {name} gave no answer {self._failures} times in a row; it is tried again in {remaining:.0f} seconds.",
                code="model_unreachable",
            )
        if self._failures >= self._threshold:
            # One call tries; the others are refused meanwhile.
            self._open_until = self._clock() + self._cooldown
        try:
            yield
        except ModelError as error:
            # An error that a user must correct is raised each time, in its own words.
            if (isinstance(error, Unreachable) and error.retryable) or error.code in ("model_unreachable", "model_timeout"):
                self._failures += 1
                self._open_until = self._clock() + self._cooldown
            else:
                self._failures = 0
            raise
        else:
            self._failures = 0
