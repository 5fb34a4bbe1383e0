"""Runs work that a cancellation must not interrupt, and tasks that end with a block. `asyncio.shield` is used only here."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from videomoments.core.errors import MomentsError

log = logging.getLogger(__name__)
T = TypeVar("T")

_CANCEL_AGAIN_SECONDS = 0.5
# The loop holds tasks weakly, so a task that nothing awaits any more could be collected before its end.
_unattended: set[asyncio.Task[Any]] = set()


async def finished(
    work: Coroutine[Any, Any, T], *, seconds: float | None = None, undo: Callable[[T], Awaitable[object]] | None = None
) -> T:
    """Returns the result of `work`, which a cancellation of the caller does not interrupt.

    A cancelled caller waits until the work has ended and `undo` has undone its result, for at most `seconds` (None: as long as that takes).
    Then, or when it is cancelled again, it raises CancelledError; the work goes on alone.
    """
    return await _to_its_end(asyncio.create_task(work), seconds, undo)


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Returns the result of `work`, which runs in a thread. When the caller is cancelled the event is set, and the caller waits until the
    thread has noticed it and cleaned up."""
    stop = threading.Event()
    return await _to_its_end(asyncio.create_task(asyncio.to_thread(work, stop)), stop=stop)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of `work`. A cancellation that comes meanwhile has no effect: the caller goes on with the result."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()


async def joined(shared: asyncio.Future[T]) -> T:
    """Returns the result of a future that others await too. A cancellation of the caller cancels neither the others nor the work."""
    return await asyncio.shield(shared)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Runs `work` while the block lasts, then cancels it and waits for its end. An error of the work is only logged."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        # Not awaited itself, since a cancellation of the caller must not be mistaken for the task's own.
        await stopped([task], math.inf)
        _log_error(task)


async def stopped(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    """Cancels tasks until they have ended, or `seconds` are over. Once is not enough: a library may take a cancellation for its own failure
    and handle it, and the task goes on."""
    deadline = time.monotonic() + seconds
    pending = {task for task in tasks if not task.done()}
    while pending and time.monotonic() < deadline:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)


def forgotten(task: asyncio.Future[Any]) -> None:
    """Retrieves a task's error when it ends. Otherwise asyncio reports an error that the caller already has, or does not want."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def raise_if_cancelled() -> None:
    """Raises CancelledError where the caller was cancelled and the cancellation was lost. That happens when it arrives just as a wait of a
    library ends (bpo-37658, until Python 3.12). The task still knows that it was cancelled."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _to_its_end(
    task: asyncio.Task[T],
    seconds: float | None = None,
    undo: Callable[[T], Awaitable[object]] | None = None,
    stop: threading.Event | None = None,
) -> T:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stop is not None:
            stop.set()
        if not task.cancelled():
            await asyncio.wait({_alone(_ended(task, undo))}, timeout=seconds)
        raise


def _alone(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    _unattended.add(task)
    task.add_done_callback(_unattended.discard)
    return task


async def _ended(task: asyncio.Task[T], undo: Callable[[T], Awaitable[object]] | None) -> None:
    """Waits for the end of work whose caller is gone, and undoes its result."""
    await asyncio.wait({task})
    _log_error(task)
    if undo is None or task.cancelled() or task.exception() is not None:
        return
    try:
        await undo(task.result())
    except MomentsError as error:
        log.warning("what was broken off could not be taken back (%s)", error.code)


def _log_error(task: asyncio.Task[Any]) -> None:
    """Logs an error that nothing retrieves any more."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, MomentsError):
        log.info("%s (%s)", error.message, error.code)
    else:
        log.error("a task failed that nobody waits for", exc_info=error)
