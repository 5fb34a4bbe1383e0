"""Calls a model for a run: in one of the model's places, and with patience for a model that is away.

The run waits for a model that has answered before. It leaves the model's and the stage's place, and the stage's clock is stopped. After a
while the run is handed back with a time to try again, so that the worker does others. A model that has never answered may have a mistyped
address: its call fails soon, with advice.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from videomoments.core.config import Settings
from videomoments.core.errors import Deferred, ModelError
from videomoments.inference.model_registry import Endpoint, ModelConfig, resolve_endpoint
from videomoments.inference.retry import Unreachable, is_away
from videomoments.inference.service_check import knock
from videomoments.inference.tunnel import Tunnels
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.limits import Place

if TYPE_CHECKING:
    from videomoments.pipeline.stage import ProgressClock, StageAdapters
    from videomoments.services.runs import Claim

log = logging.getLogger(__name__)

T = TypeVar("T")

# The service answers before and after this call, but never the call itself: after so many tries in a row the call may be what ends the
# service.
_TRIES = 8
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """Times in seconds. A run waits for an absent model for `budget` in all and `hold` at a time, and tries to reach it after `every` to
    twice `every`, for at most `look`. It is handed back for `pause`. A model that has never answered gets `first`."""

    budget: float = 600.0
    hold: float = 30.0
    pause: float = 15.0
    every: float = 1.0
    look: float = 5.0
    first: float = 12.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    knock: Callable[[ModelConfig, Endpoint, Tunnels], Awaitable[bool]] = knock

    @classmethod
    def of(cls, settings: Settings) -> WaitLimits:
        return cls(settings.model_wait_seconds, settings.model_hold_seconds, settings.model_retry_seconds)


class ModelCaller:
    """Calls models for one run. `place` is the place of the stage that is running."""

    def __init__(self, claim: Claim, adapters: StageAdapters, clock: ProgressClock) -> None:
        self.place = Place()
        self._claim = claim
        self._adapters = adapters
        self._patience = adapters.patience
        self._clock = clock
        # Calls side by side share one wait: the first to see that the model is away tries to reach it, and the others wait for that.
        self._looking = asyncio.Lock()
        self._waits_over = 0
        # Whether the run's row holds a wait, which an answer ends.
        self._counting = claim.waited

    async def call(self, model: ModelConfig, call: Callable[[Endpoint], Awaitable[T]], *, refining: bool = False) -> T:
        """Calls a model and returns what `call` returns. Calls again when the model was away meanwhile.

        Raises:
            ModelError: the model failed, has never answered, or did not come back in time.
            Deferred: the wait goes on after the run is handed back.
        """
        endpoint = resolve_endpoint(model, self._adapters.settings)
        known = await retry_while_database_away(self._adapters.services.model_places.has_answered, model)
        if not known:
            known = await self._meet(model, endpoint)
        tries = 0
        while True:
            seen = await self._nobody_looks()
            try:
                async with self.slot(model, refining=refining):
                    answer = await call(endpoint)
            except ModelError as error:
                if not is_away(error):
                    raise
                if not known:
                    raise _advised(error, model) from None
                tries += 1
                if tries == _TRIES or self._patience.budget <= 0:
                    raise
                await self._wait(model, endpoint, error, tries, seen)
                continue
            await self._answered(model)
            return answer

    @asynccontextmanager
    async def slot(self, model: ModelConfig, *, refining: bool = False) -> AsyncIterator[None]:
        """Holds one of the model's places, which all workers share. With `refining`, also one of its few places for refinement."""
        async with AsyncExitStack() as stack:
            with self._clock.pause():
                await stack.enter_async_context(self._adapters.slots.hold(model, refining=refining))
            with self._clock.calling():
                yield

    async def look_again(self) -> None:
        """Checks, at the start of an attempt, whether the model that the attempt before waited for is back. Raises Deferred when it is not
        and time is left. When no time is left, the stage's own call raises."""
        snapshot = self._claim.snapshot
        models = (snapshot.transcription, snapshot.generation, snapshot.refinement)
        model = next((model for model in models if model.key == self._claim.waiting_for), None)
        if model is None:
            return
        try:
            endpoint = resolve_endpoint(model, self._adapters.settings)
        except ModelError:
            return  # the stage's own call raises it
        if await self._answers(model, endpoint):
            await self._over(model)
            return
        spent = await retry_while_database_away(self._adapters.services.waits.begin, self._claim, model.key)
        if spent < self._patience.budget:
            raise self._deferred(model, spent)

    async def _meet(self, model: ModelConfig, endpoint: Endpoint) -> bool:
        """Connects for the first time, before much is sent: the service may be starting, or missing. Returns True when it answered: a
        service that dies in its very first call did exist, so the run waits for it as for any other."""
        refused: ModelError | None = None
        answered = False
        try:
            async with asyncio.timeout(self._patience.first):
                ends = self._patience.clock() + self._patience.first * 0.75
                while True:
                    try:
                        answered = await self._patience.knock(model, endpoint, self._adapters.tunnels)
                    except ModelError as error:
                        if not is_away(error):
                            break  # it is there; the call itself shows what is wrong
                        refused = error
                        if self._patience.clock() >= ends:
                            raise _advised(error, model) from None
                        await self._patience.sleep(self._patience.every)
                    else:
                        break
        except TimeoutError:
            raise _advised(refused or Unreachable(f"Model {model.key} does not answer."), model) from None
        self._adapters.chat.half_open(endpoint)
        return answered

    async def _nobody_looks(self) -> int:
        """Waits while another call tries to reach the model. Returns how many waits are over."""
        if self._looking.locked():
            with self._clock.pause():
                async with self._looking:
                    pass
        return self._waits_over

    async def _wait(self, model: ModelConfig, endpoint: Endpoint, error: ModelError, tries: int, seen: int) -> None:
        """Waits until the model answers again. Raises Deferred, and Unreachable when all time is spent."""
        with self._clock.pause():
            async with self._looking:
                if self._waits_over != seen:
                    return  # another call has waited since this one began
                log.warning("waiting for %s: %s", model.key, error.message)
                spent = await retry_while_database_away(self._adapters.services.waits.begin, self._claim, model.key)
                self._counting = True
                self.place.leave()
                back = await self._look(model, endpoint, spent, tries)
                await self._over(model)
                await self.place.take()
                if not back:
                    raise _gave_up(error, model, self._patience.budget)
                self._waits_over += 1

    async def _look(self, model: ModelConfig, endpoint: Endpoint, spent: float, tries: int) -> bool:
        """Tries to reach the model until it answers. Returns False when all time is spent. Raises Deferred when this worker has waited long
        enough."""
        patience = self._patience
        began = patience.clock()
        # A service that answers here but not the call gets more time after each try.
        pause = min(patience.every * 2 ** (tries - 1), _LONGEST_PAUSE)
        while True:
            here = patience.clock() - began
            left = patience.budget - spent - here
            if left <= 0:
                return False
            if here >= patience.hold:
                raise self._deferred(model, spent + here)
            # Not shorter than a clock can measure, or the last wait would never end.
            await patience.sleep(max(min(random.uniform(pause, 2 * pause), left), 0.01))
            if await self._answers(model, endpoint):
                return True
            pause = patience.every

    async def _answers(self, model: ModelConfig, endpoint: Endpoint) -> bool:
        try:
            async with asyncio.timeout(self._patience.look):
                answers = await self._patience.knock(model, endpoint, self._adapters.tunnels)
        except TimeoutError:
            return False
        except ModelError as error:
            # Such as a key that is refused now: the call itself gives the better error.
            answers = not (is_away(error) or error.code == "model_timeout")
        if answers:
            self._adapters.chat.half_open(endpoint)
        return answers

    async def _over(self, model: ModelConfig) -> None:
        await retry_while_database_away(self._adapters.services.waits.end, self._claim, answered=False)
        self._counting = True
        log.info("no longer waiting for %s", model.key)

    async def _answered(self, model: ModelConfig) -> None:
        if self._counting:
            self._counting = False
            await retry_while_database_away(self._adapters.services.waits.end, self._claim, answered=True)
        await retry_while_database_away(self._adapters.services.model_places.answered, model)

    def _deferred(self, model: ModelConfig, waited: float) -> Deferred:
        seconds = min(self._patience.pause, max(0.0, self._patience.budget - waited))
        return Deferred(f"Waiting for {model.key}.", seconds)


def _advised(error: ModelError, model: ModelConfig) -> ModelError:
    """Adds what a user can do about a model that has never answered."""
    what = error.message if model.key in error.message else f"Model {model.key} is not reachable. {error.message}"
    advice = f"{error.advice} It has never answered: `moments models test {model.key}` says what is wrong with its address.".strip()
    return Unreachable(what, code=error.code, advice=advice, retryable=error.retryable)


def _gave_up(error: ModelError, model: ModelConfig, budget: float) -> ModelError:
    waited = f"{budget / 60:.0f} minutes" if budget >= 120 else f"{budget:.0f} seconds"
    advice = f"Start it again; `moments models test {model.key}` says whether it answers. Then retry the run."
    return Unreachable(f"{error.message} It was waited for for {waited}.", code="model_unreachable", advice=advice)
