"""A model's places, over all workers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from support.stack import Stack
from support.workers import WATCHDOG_SECONDS
from videomoments.core.errors import ServiceUnavailable
from videomoments.inference.model_registry import DEFAULT_MODELS, ModelConfig
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

    async def call(
        self,
        slots: ModelSlots,
        model: ModelConfig = MODEL,
        seconds: float = 0.02,
        both: asyncio.Barrier | None = None,
        *,
        refining: bool = False,
    ) -> None:
        """Takes `seconds`, or until another call meets it there."""
        async with slots.hold(model, refining=refining):
            self.now += 1
            self.most = max(self.most, self.now)
            await (both.wait() if both else asyncio.sleep(seconds))
            self.now -= 1
            self.done += 1


async def test_f43_four_workers_together_stay_within_the_models_limit(workers: list[ModelSlots]) -> None:
    gauge = Gauge()
    await asyncio.gather(*(gauge.call(slots) for slots in workers for _ in range(5)))
    assert (gauge.most, gauge.done) == (2, 20)


async def test_f43_another_model_has_places_of_its_own(workers: list[ModelSlots]) -> None:
    other = MODEL.model_copy(update={"key": "other"})
    async with workers[0].hold(MODEL), workers[1].hold(MODEL):
        await asyncio.wait_for(Gauge().call(workers[2], other), WATCHDOG_SECONDS)


async def test_f43_a_worker_that_ends_frees_its_places(workers: list[ModelSlots]) -> None:
    held = contextlib.AsyncExitStack()
    for _ in range(2):
        await held.enter_async_context(workers[0].hold(MODEL))
    waiting = asyncio.create_task(Gauge().call(workers[1]))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await workers[0].close()
    await asyncio.wait_for(waiting, WATCHDOG_SECONDS)
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
    both = asyncio.Barrier(2)
    await asyncio.wait_for(asyncio.gather(*(gauge.call(slots, both=both) for slots in workers[1:3])), WATCHDOG_SECONDS)
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


# Refinements: fewer among them, by `max_refinements`


ONE = MODEL.model_copy(update={"key": "one", "max_refinements": 1})


async def test_f43_refinements_come_one_at_a_time_over_all_workers_and_other_calls_beside_them(workers: list[ModelSlots]) -> None:
    refining, finding = Gauge(), Gauge()

    async def call(gauge: Gauge, slots: ModelSlots) -> None:
        async with slots.hold(ONE, refining=gauge is refining):
            await asyncio.sleep(0)
            gauge.now += 1
            gauge.most = max(gauge.most, gauge.now)
            assert refining.now + finding.now <= ONE.max_concurrency
            await asyncio.sleep(0.005)
            gauge.now -= 1
            gauge.done += 1

    await asyncio.gather(*(call(gauge, slots) for slots in workers for _ in range(8) for gauge in (refining, finding)))
    assert (refining.most, refining.done, finding.done) == (1, 32, 32)
    assert finding.most == 2


async def test_f43_who_waits_to_refine_takes_no_place_from_other_calls(workers: list[ModelSlots]) -> None:
    async with workers[0].hold(ONE, refining=True):
        waiting = [asyncio.create_task(Gauge().call(slots, ONE, refining=True)) for slots in workers for _ in range(3)]
        await asyncio.sleep(0.3)
        await asyncio.wait_for(Gauge().call(workers[1], ONE), WATCHDOG_SECONDS)
        assert not any(task.done() for task in waiting)
    await asyncio.wait_for(asyncio.gather(*waiting), WATCHDOG_SECONDS)


async def test_f43_a_worker_that_dies_while_it_refines_frees_both_places(workers: list[ModelSlots]) -> None:
    single = ONE.model_copy(update={"max_concurrency": 1})
    held = contextlib.AsyncExitStack()
    await held.enter_async_context(workers[0].hold(single, refining=True))
    waiting = asyncio.create_task(Gauge().call(workers[1], single, refining=True))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await workers[0].close()
    await asyncio.wait_for(waiting, WATCHDOG_SECONDS)
    await held.aclose()


async def test_f43_who_gives_up_between_the_two_places_leaves_neither_taken(workers: list[ModelSlots]) -> None:
    single = ONE.model_copy(update={"max_concurrency": 1})
    async with workers[0].hold(single):
        between = asyncio.create_task(Gauge().call(workers[0], single, refining=True))
        await asyncio.sleep(0.2)
        between.cancel()
        await asyncio.gather(between, return_exceptions=True)
    await asyncio.wait_for(Gauge().call(workers[1], single, refining=True), WATCHDOG_SECONDS)


async def test_as_many_refinements_at_once_as_the_model_is_said_to_hold(workers: list[ModelSlots]) -> None:
    three = ONE.model_copy(update={"max_concurrency": 4, "max_refinements": 3})
    gauge = Gauge()
    await asyncio.gather(*(gauge.call(slots, three, refining=True) for slots in workers for _ in range(4)))
    assert (gauge.most, gauge.done) == (3, 16)
