"""Work that a cancellation does not break off, and tasks that end with a block."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from contextlib import suppress

import pytest

from support.workers import WATCHDOG_SECONDS
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.tasks import beside, finished, forgotten, in_thread, joined, raise_if_cancelled, stopped, uninterrupted


class Work:
    """Work that goes on when it is told to, and notes how far it came."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.done = False
        self._error = error

    async def run(self) -> int:
        self.begun.set()
        await self.go.wait()
        if self._error is not None:
            raise self._error
        self.done = True
        return 7


async def cancelled_in(caller: asyncio.Task[int], work: Work) -> None:
    """Cancels the caller while its work is running, and lets it take note of that."""
    await work.begun.wait()
    caller.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_finished_work_gives_its_result_or_its_error() -> None:
    work = Work()
    work.go.set()
    assert await finished(work.run()) == 7
    broken = Work(ValueError("x"))
    broken.go.set()
    with pytest.raises(ValueError, match="x"):
        await finished(broken.run())


async def test_a_cancelled_caller_waits_until_the_work_is_done_and_taken_back() -> None:
    work, undone = Work(), list[int]()

    async def undo(result: int) -> None:
        await asyncio.sleep(0)
        undone.append(result)

    caller = asyncio.create_task(finished(work.run(), undo=undo))
    await cancelled_in(caller, work)
    assert not caller.done()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert (work.done, undone) == (True, [7])


async def test_a_caller_that_is_cancelled_twice_leaves_but_the_work_is_taken_back() -> None:
    work, undone = Work(), asyncio.Event()

    async def undo(_: int) -> None:
        undone.set()

    caller = asyncio.create_task(finished(work.run(), undo=undo))
    await cancelled_in(caller, work)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not work.done
    work.go.set()
    await undone.wait()


async def test_a_caller_waits_no_longer_than_it_may() -> None:
    work = Work()
    caller = asyncio.create_task(finished(work.run(), seconds=0.01))
    await cancelled_in(caller, work)
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not work.done
    work.go.set()


async def test_work_that_fails_after_its_caller_was_cancelled_is_logged_and_not_taken_back(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(ServiceUnavailable("PostgreSQL does not answer."))

    async def undo(_: int) -> None:
        raise AssertionError("there is nothing to take back")

    with caplog.at_level(logging.INFO):
        caller = asyncio.create_task(finished(work.run(), undo=undo))
        await cancelled_in(caller, work)
        work.go.set()
        with pytest.raises(asyncio.CancelledError):
            await caller
    assert "PostgreSQL does not answer." in caplog.text


async def test_what_can_not_be_taken_back_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()

    async def undo(_: int) -> None:
        raise ServiceUnavailable("x", code="database_unavailable")

    caller = asyncio.create_task(finished(work.run(), undo=undo))
    await cancelled_in(caller, work)
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert "database_unavailable" in caplog.text


async def test_a_thread_is_told_to_stop_and_waited_for() -> None:
    begun, cleaned = threading.Event(), threading.Event()

    def copy(stop: threading.Event) -> None:
        begun.set()
        stop.wait()
        cleaned.set()

    caller = asyncio.create_task(in_thread(copy))
    await asyncio.to_thread(begun.wait)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert cleaned.is_set()
    assert await in_thread(lambda stop: stop.is_set()) is False


async def test_what_is_uninterrupted_is_done_and_its_caller_goes_on() -> None:
    work = Work()

    async def call() -> int:
        return await uninterrupted(work.run()) + 1

    caller = asyncio.create_task(call())
    for _ in range(3):
        await cancelled_in(caller, work)
    work.go.set()
    assert await caller == 8


async def test_what_several_wait_for_outlives_each_of_them() -> None:
    work = Work()
    shared = asyncio.create_task(work.run())
    first, second = asyncio.create_task(joined(shared)), asyncio.create_task(joined(shared))
    await cancelled_in(first, work)
    assert first.cancelled()
    work.go.set()
    assert await second == 7


async def test_what_runs_beside_a_block_ends_with_it() -> None:
    work = Work()
    async with beside(work.run()) as task:
        await work.begun.wait()
        assert not task.done()
    assert task.cancelled()


async def test_what_runs_beside_a_block_is_cancelled_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videomoments.core.tasks._CANCEL_AGAIN_SECONDS", 0.0)
    begun = asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async with asyncio.timeout(WATCHDOG_SECONDS), beside(stubborn()) as task:
        await begun.wait()
    assert task.cancelled()


async def test_an_error_beside_a_block_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    broken = Work(RuntimeError("of the helper"))
    broken.go.set()
    async with beside(broken.run()) as task:
        await asyncio.wait({task})
    assert "of the helper" in caplog.text


async def test_a_task_that_takes_a_cancellation_for_something_else_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videomoments.core.tasks._CANCEL_AGAIN_SECONDS", 0.0)
    cancellations = 0

    async def stubborn() -> None:
        nonlocal cancellations
        while cancellations < 3:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancellations += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await stopped([task], 3600)
    assert task.done()
    assert cancellations == 3


async def test_tasks_that_do_not_end_are_given_up() -> None:
    release = asyncio.Event()

    async def endless() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(endless())
    await asyncio.sleep(0)
    await stopped([task], 0.01)
    assert not task.done()
    release.set()
    await task


async def test_a_forgotten_error_is_not_reported() -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    broken = Work(RuntimeError("x"))
    broken.go.set()
    task = asyncio.create_task(broken.run())
    forgotten(task)
    await asyncio.wait({task})
    await asyncio.sleep(0)
    del task, broken
    gc.collect()
    assert not reported


async def test_a_cancellation_that_got_lost_is_raised_again() -> None:
    raise_if_cancelled()
    work = Work()

    async def call() -> int:
        try:
            return await work.run()
        except asyncio.CancelledError:
            raise_if_cancelled()
            return 0

    caller = asyncio.create_task(call())
    await cancelled_in(caller, work)
    with pytest.raises(asyncio.CancelledError):
        await caller
