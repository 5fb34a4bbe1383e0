"""Limits how many calls a model gets at once, over all workers: `max_concurrency` advisory locks in PostgreSQL, and for refining calls
`max_refinements` more (F43).

They belong to one connection, so the slots of a worker that dies are freed with it.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import asyncpg

from videomoments.core.errors import ServiceUnavailable
from videomoments.core.tasks import finished
from videomoments.db.database_url import parse_address
from videomoments.db.failures import CONNECTING
from videomoments.db.repositories import sessions
from videomoments.db.session import connect_arguments, unavailable
from videomoments.inference.model_registry import ModelConfig

T = TypeVar("T")

# The upper half of a lock's key separates ours from other users of advisory locks.
_CALLS, _REFINEMENTS = 0x4D4D, 0x4D52
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 0.5
_ANSWER_SECONDS = 10.0


class _Slot(NamedTuple):
    space: int
    key: str
    number: int


@dataclass(slots=True)
class _Queue:
    """The waiters of this process for the same slots. One of them polls the database at a time, in the order in which they came."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class ModelSlots:
    """Holds slots; one instance per process. A session may take the same advisory lock twice, so the slots held here are recorded in
    `_held`."""

    def __init__(self, database_url: str) -> None:
        self._address = parse_address(database_url)
        self._arguments = connect_arguments(database_url)
        self._connection: asyncpg.Connection[Any] | None = None
        self._lock = asyncio.Lock()
        self._held: set[_Slot] = set()
        self._queues: defaultdict[tuple[int, str], _Queue] = defaultdict(_Queue)

    @asynccontextmanager
    async def hold(self, model: ModelConfig, *, refining: bool = False) -> AsyncIterator[None]:
        """Waits for one of the model's slots. Raises ServiceUnavailable when PostgreSQL is unavailable.

        A `refining` call first waits for its turn among refinements, and takes no slot from other calls meanwhile. All take the two in this
        order, and the holder of a slot waits for nothing, so there is no deadlock.
        """
        if not refining:
            async with self._one_of(_CALLS, model.key, model.max_concurrency):
                yield
            return
        async with self._one_of(_REFINEMENTS, model.key, model.max_refinements), self._one_of(_CALLS, model.key, model.max_concurrency):
            yield

    @asynccontextmanager
    async def _one_of(self, space: int, key: str, count: int) -> AsyncIterator[None]:
        queue = self._queues[space, key]
        async with queue.turn:
            slot = await self._first_free([_Slot(space, key, number) for number in range(count)], queue.freed)
        try:
            yield
        finally:
            await finished(self._give_back(slot, queue))

    async def _first_free(self, slots: Sequence[_Slot], freed: asyncio.Event) -> _Slot:
        """Tries again when a slot of this process is freed, and at intervals for slots of other processes."""
        wait = _FIRST_WAIT
        while True:
            freed.clear()
            # Runs to its end even when cancelled: a lock that is taken but not recorded would stay as long as the session.
            if (slot := await finished(self._take(slots), undo=self._free_if_taken)) is not None:
                return slot
            with suppress(TimeoutError):
                async with asyncio.timeout(wait * random.uniform(0.5, 1.5)):
                    await freed.wait()
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _take(self, slots: Sequence[_Slot]) -> _Slot | None:
        async with self._lock:
            for slot in slots:
                if slot not in self._held and await self._call(sessions.take_slot, slot):
                    self._held.add(slot)
                    return slot
        return None

    async def _give_back(self, slot: _Slot, queue: _Queue) -> None:
        await self._free(slot)
        queue.freed.set()

    async def _free_if_taken(self, slot: _Slot | None) -> None:
        if slot is not None:
            await self._free(slot)

    async def _free(self, slot: _Slot) -> None:
        async with self._lock:
            self._held.discard(slot)
            with suppress(ServiceUnavailable):  # the connection is gone, and the lock with it
                await self._call(sessions.free_slot, slot)

    async def _call(self, ask: Callable[..., Awaitable[T]], slot: _Slot) -> T:
        number = zlib.crc32(f"{slot.key}/{slot.number}".encode()) - 2**31
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(**self._arguments, timeout=10)
            return await ask(self._connection, slot.space, number, seconds=_ANSWER_SECONDS)
        except CONNECTING as error:
            if self._connection is not None:
                self._connection.terminate()
            self._connection = None
            raise unavailable(error, self._address) from error

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
