"""How many calls a model gets at once, over all workers: `max_concurrency` advisory locks in PostgreSQL (F43).

They belong to one connection, so a worker that dies frees its slots by dying.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from videomoments.core.errors import ServiceUnavailable
from videomoments.db.session import connect_arguments
from videomoments.inference.base import ModelConfig

_SPACE = 0x4D4D  # the upper half of the lock's key: keeps ours apart from other users of advisory locks
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_ANSWER_SECONDS = 10.0


class ModelSlots:
    """One per process. A session's advisory locks count how often they were taken, so slots held here are remembered here."""

    def __init__(self, database_url: str) -> None:
        self._arguments = connect_arguments(database_url)
        self._connection: asyncpg.Connection[Any] | None = None
        self._lock = asyncio.Lock()
        self._held: set[tuple[str, int]] = set()

    @asynccontextmanager
    async def hold(self, model: ModelConfig) -> AsyncIterator[None]:
        """Waits for one of the model's slots. Raises ServiceUnavailable when PostgreSQL is away."""
        wait = _FIRST_WAIT
        while (slot := await self._take_whole(model)) is None:
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, _LONGEST_WAIT)
        try:
            yield
        finally:
            await asyncio.shield(self._free(model.key, slot))

    async def _take_whole(self, model: ModelConfig) -> int | None:
        """Not to be interrupted half-way: a lock that the database gave and nobody remembers would stay for as long as the session."""
        taking = asyncio.create_task(self._take(model))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(ServiceUnavailable):
                if (slot := await taking) is not None:
                    await self._free(model.key, slot)
            raise

    async def _take(self, model: ModelConfig) -> int | None:
        async with self._lock:
            for slot in range(model.max_concurrency):
                if (model.key, slot) in self._held:
                    continue
                if await self._call("SELECT pg_try_advisory_lock($1, $2)", model.key, slot):
                    self._held.add((model.key, slot))
                    return slot
        return None

    async def _free(self, key: str, slot: int) -> None:
        async with self._lock:
            self._held.discard((key, slot))
            with suppress(ServiceUnavailable):  # the connection is gone, and with it the lock
                await self._call("SELECT pg_advisory_unlock($1, $2)", key, slot)

    async def _call(self, statement: str, key: str, slot: int) -> bool:
        number = zlib.crc32(f"{key}/{slot}".encode()) - 2**31
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(**self._arguments, timeout=10)
            return bool(await self._connection.fetchval(statement, _SPACE, number, timeout=_ANSWER_SECONDS))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if self._connection is not None:
                self._connection.terminate()
            self._connection = None
            raise ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable") from error

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
