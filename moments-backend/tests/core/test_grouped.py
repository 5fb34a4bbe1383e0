"""Work of many callers, done together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from videomoments.core.grouped import Grouped


class _Doubled:
    """Doubles numbers; refuses odd ones above 100, and fails as a whole for a negative one."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int | BaseException]:
        self.batches.append([*numbers])
        await self.open.wait()
        if min(numbers) < 0:
            raise ConnectionError("all of it")
        return [ValueError(number) if number > 100 and number % 2 else 2 * number for number in numbers]


async def test_what_comes_during_a_call_goes_out_with_the_next() -> None:
    call = _Doubled()
    grouped: Grouped[int, int] = Grouped(call, most=3)
    first = asyncio.create_task(grouped(1))
    while not call.batches:
        await asyncio.sleep(0)
    others = [asyncio.create_task(grouped(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    call.open.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert call.batches == [[1], [2, 3, 4], [5]]


async def test_an_answer_that_is_an_error_is_its_callers_alone() -> None:
    call = _Doubled()
    call.open.set()
    grouped: Grouped[int, int] = Grouped(call)
    answers = await asyncio.gather(grouped(2), grouped(101), grouped(3), return_exceptions=True)
    assert answers[::2] == [4, 6]
    assert isinstance(answers[1], ValueError)


async def test_a_call_that_fails_fails_for_all_and_the_next_is_made() -> None:
    call = _Doubled()
    call.open.set()
    grouped: Grouped[int, int] = Grouped(call)
    answers = await asyncio.gather(grouped(-1), grouped(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
    assert await grouped(2) == 4


async def test_a_caller_that_is_cancelled_takes_nobody_along() -> None:
    call = _Doubled()
    grouped: Grouped[int, int] = Grouped(call)
    leaving, staying = asyncio.create_task(grouped(1)), asyncio.create_task(grouped(2))
    while not call.batches:
        await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    call.open.set()
    assert await staying == 4
