"""How a run calls a model: in one of the model's places, and with patience for one that is away.

A model that has answered before and does not now is waited for, without its place, without the stage's, and with the stage's clock
stopped; after a while the run is given back, so that the worker does others, and looked at again. A model that has never answered may
be a mistyped address: it fails soon, with advice.
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

# A call that a service answered before and after, but not itself, so often in a row: it may be what ends the service.
_TRIES = 8
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """Seconds. A model that is away is waited for `budget` in all, `hold` of it in one go; it is looked at `every` second or two, for
    at most `look`, and `pause` after the run was given back. One that has never answered gets `first`."""

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
    """The calls of one run. `place` is the running stage's."""

    def __init__(self, claim: Claim, adapters: StageAdapters, clock: ProgressClock) -> None:
        self.place = Place()
        self._claim = claim
        self._adapters = adapters
        self._patience = adapters.patience
        self._clock = clock
        # Calls side by side wait together: the first to see that the model is away looks for it, the others for the first.
        self._looking = asyncio.Lock()
        self._waits_over = 0
        # Whether there is a wait on the row that an answer ends.
        self._counting = claim.waited

    async def call(self, model: ModelConfig, call: Callable[[Endpoint], Awaitable[T]], *, refining: bool = False) -> T:
        """`call`'s answer. It may be called again, when the model was away meanwhile.

        Raises:
            ModelError: the model failed, has never answered, or did not come back in time.
            Deferred: the wait goes on, but not here.
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
        """One of the model's places, over all workers; for a call that is `refining` one of its few among those too."""
        async with AsyncExitStack() as stack:
            with self._clock.pause():
                await stack.enter_async_context(self._adapters.slots.hold(model, refining=refining))
            with self._clock.calling():
                yield

    async def look_again(self) -> None:
        """At the start of an attempt: whether what the attempt before was waiting for is back. Raises Deferred when it is not, while there
        is time left; when there is none, the stage's own call says so."""
        snapshot = self._claim.snapshot
        models = (snapshot.transcription, snapshot.generation, snapshot.refinement)
        model = next((model for model in models if model.key == self._claim.waiting_for), None)
        if model is None:
            return
        try:
            endpoint = resolve_endpoint(model, self._adapters.settings)
        except ModelError:
            return  # said by the stage
        if await self._answers(model, endpoint):
            await self._over(model)
            return
        spent = await retry_while_database_away(self._adapters.services.waits.begin, self._claim, model.key)
        if spent < self._patience.budget:
            raise self._deferred(model, spent)

    async def _meet(self, model: ModelConfig, endpoint: Endpoint) -> bool:
        """A first connection, before much is sent to it: to a service that is just being started, or to nobody. True when it was answered:
        a service that dies in its very first call was there, and is waited for as any other."""
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
                            break  # it is there, in one way or the other: its answer to the call says the rest
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
        """Waits while another call looks for the model; returns how many waits are over."""
        if self._looking.locked():
            with self._clock.pause():
                async with self._looking:
                    pass
        return self._waits_over

    async def _wait(self, model: ModelConfig, endpoint: Endpoint, error: ModelError, tries: int, seen: int) -> None:
        """Returns when the model answers again. Raises Deferred, and Unreachable when all time is spent."""
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
        """Looks for the model until it answers; False when all time is spent. Raises Deferred when this worker has waited long enough."""
        patience = self._patience
        began = patience.clock()
        # One that answers here, and not the call, is given more and more time.
        pause = min(patience.every * 2 ** (tries - 1), _LONGEST_PAUSE)
        while True:
            here = patience.clock() - began
            left = patience.budget - spent - here
            if left <= 0:
                return False
            if here >= patience.hold:
                raise self._deferred(model, spent + here)
            # Not less than a clock can tell, or the last wait would never be over.
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
            # A key that is refused now, and the like: the call says it better.
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
    """What a user can do about a model that has never answered."""
    what = error.message if model.key in error.message else f"Model {model.key} is not reachable. {error.message}"
    advice = f"{error.advice} It has never answered: `moments models test {model.key}` says what is wrong with its address.".strip()
    return Unreachable(what, code=error.code, advice=advice, retryable=error.retryable)


def _gave_up(error: ModelError, model: ModelConfig, budget: float) -> ModelError:
    waited = f"{budget / 60:.0f} minutes" if budget >= 120 else f"{budget:.0f} seconds"
    advice = f"Start it again; `moments models test {model.key}` says whether it answers. Then retry the run."
    return Unreachable(f"{error.message} It was waited for for {waited}.", code="model_unreachable", advice=advice)
