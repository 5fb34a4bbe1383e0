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

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.times import now

T = TypeVar("T")


class Unreachable(ModelError):
    """There is no way to the service, or none any more. Subclasses say with codes of their own where it ends."""

    code = "model_unreachable"


class Overloaded(ModelError):
    """The service asks for patience (429, 503); `retry_after` is its wish in seconds, if it named one. `away`: it may be no service at
    all that says so, but what stands before one that starts again."""

    code = "model_overloaded"

    def __init__(self, message: str, retry_after: float | None, *, away: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.away = away


class GatewayTimeout(ModelError):
    """What stands before the service got no answer from it in time (504)."""

    code = "model_timeout"


def is_away(error: ModelError) -> bool:
    """Whether the service was not there, rather than answered: the same call may be answered when it is back. Not when a user must
    put something right first."""
    if isinstance(error, Unreachable):
        # A name that is not known is a mistake, or a network that is away.
        return error.retryable or error.code == "tunnel_no_host"
    if isinstance(error, Overloaded):
        return error.away
    return error.retryable and (error.code == "model_unreachable" or isinstance(error, GatewayTimeout))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. `total` covers all tries of one call with the waits between; for an answer that comes in one body nothing else can be told
    from a service that hangs. Of a streamed answer `first` is the longest that it may take to begin, `read` the longest silence in it, and
    `streamed` its `total`. `poll` is how often a service is asked for its progress."""

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
    """How often each kind of failure is tried again, and the waits between in seconds (exponential, with full jitter); `sleep` waits."""

    overloaded: int = 12
    # A service that is away for longer is waited for by whoever asks: see `pipeline.calling`.
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
            async for attempt in AsyncRetrying(sleep=policy.sleep, stop=hopeless, wait=wait, reraise=True):
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

    def half_open(self) -> None:
        """The service has answered something else meanwhile, or a user wants another try: the next call is let through."""
        self._open_until = min(self._open_until, self._clock())

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
            # What a user must put right is said each time, in its own words.
            if (isinstance(error, Unreachable) and error.retryable) or error.code in ("model_unreachable", "model_timeout"):
                self._failures += 1
                self._open_until = self._clock() + self._cooldown
            else:
                self._failures = 0
            raise
        else:
            self._failures = 0
