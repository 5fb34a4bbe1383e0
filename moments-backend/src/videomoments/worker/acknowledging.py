"""Acknowledges finished entries, many at once, and again where Redis was away."""

from __future__ import annotations

import asyncio
import contextlib

from redis.exceptions import RedisError

from videomoments.coordination.queue import JobQueue

_MOST = 100
_PAUSE_SECONDS = 0.5


class Acknowledger:
    """Acknowledges the entries of one consumer. Nothing waits for an acknowledgement: the run's row already holds the result."""

    def __init__(self, queue: JobQueue, consumer: str) -> None:
        self._queue = queue
        self._consumer = consumer
        self._left: dict[str, None] = {}
        self._added = asyncio.Event()

    def add(self, entry_id: str) -> None:
        self._left[entry_id] = None
        self._added.set()

    async def run(self) -> None:
        """Acknowledges added entries until it is cancelled."""
        while True:
            await self._added.wait()
            self._added.clear()
            try:
                await self.acknowledge()
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)
                self._added.set()

    async def acknowledge(self) -> None:
        """Acknowledges all pending entries now. Raises what Redis raises; unacknowledged entries then stay pending."""
        while batch := list(self._left)[:_MOST]:
            await self._queue.acknowledge(self._consumer, *batch)
            for entry_id in batch:
                self._left.pop(entry_id, None)

    async def leave(self) -> None:
        """Acknowledges finished entries at the end of the consumer, and returns entries that were only read to the stream."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self.acknowledge()
            await self._queue.leave(self._consumer)
