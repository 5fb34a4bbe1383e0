"""A model's places, over all workers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from stack import Stack
from videomoments.core.errors import ServiceUnavailable
from videomoments.inference.base import DEFAULT_MODELS, ModelConfig
from videomoments.services.model_slots import ModelSlots

MODEL = next(model for model in DEFAULT_MODELS if model.key == "extractive").model_copy(update={"max_concurrency": 2})


@pytest.fixture
async def workers(stack: Stack) -> AsyncIterator[list[ModelSlots]]:
    four = [ModelSlots(stack.database_url) for _ in range(4)]
    yield four
    for slots in four:
        await slots.close()


class Gauge:
    """How many calls a model has now, and had at most."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0

    async def call(self, slots: ModelSlots, model: ModelConfig = MODEL, seconds: float = 0.02) -> None:
        async with slots.hold(model):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(seconds)
            self.now -= 1
            self.done += 1


async def test_f43_four_workers_together_stay_within_the_models_limit(workers: list[ModelSlots]) -> None:
    gauge = Gauge()
    await asyncio.gather(*(gauge.call(slots) for slots in workers for _ in range(5)))
    assert (gauge.most, gauge.done) == (2, 20)


async def test_f43_another_model_has_places_of_its_own(workers: list[ModelSlots]) -> None:
    other = MODEL.model_copy(update={"key": "other"})
    async with workers[0].hold(MODEL), workers[1].hold(MODEL):
        await asyncio.wait_for(Gauge().call(workers[2], other), 5)


async def test_f43_a_worker_that_ends_frees_its_places(workers: list[ModelSlots]) -> None:
    held = contextlib.AsyncExitStack()
    for _ in range(2):
        await held.enter_async_context(workers[0].hold(MODEL))
    waiting = asyncio.create_task(Gauge().call(workers[1]))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await workers[0].close()
    await asyncio.wait_for(waiting, 10)
    await held.aclose()


async def test_f43_a_caller_that_is_cancelled_leaves_no_place_taken(workers: list[ModelSlots]) -> None:
    """Also when the cancellation comes while the database answers: a session's own lock would not block it, but all others."""
    for steps in range(12):
        calls = [asyncio.create_task(Gauge().call(workers[0], seconds=5)) for _ in range(2)]
        for _ in range(steps):
            await asyncio.sleep(0.001)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    gauge = Gauge()
    await asyncio.wait_for(asyncio.gather(*(gauge.call(slots, seconds=0.3) for slots in workers[1:3])), 10)
    assert gauge.most == 2


async def test_f43_a_broken_connection_is_made_anew(workers: list[ModelSlots]) -> None:
    gauge = Gauge()
    await gauge.call(workers[0])
    connection = workers[0]._connection
    assert connection is not None
    connection.terminate()
    with contextlib.suppress(ServiceUnavailable):
        await gauge.call(workers[0])
    await gauge.call(workers[0])
    assert gauge.done >= 2
