"""Groups the work of many callers: items that arrive during a call wait for it and go out with the next one.

An item never waits for others: a single one is sent at once. Under load, one commit or round trip serves all waiting callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Grouped(Generic[Item, Answer]):
    """Groups calls. `call` takes items and returns as many results in the same order; an exception among them is raised to its own caller.

    An exception that `call` raises itself is raised to all its callers. A cancelled caller stops waiting; its item may still be processed.
    """

    def __init__(self, call: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]], *, most: int = 100) -> None:
        self._call = call
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._call([item for item, _ in batch])
            except asyncio.CancelledError:  # the event loop ends
                for _, future in batch:
                    future.cancel()
                raise
            except Exception as error:
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
