"""Entries that are done with are acknowledged, also when Redis was away at that moment."""

from __future__ import annotations

import asyncio

from redis.exceptions import ConnectionError as RedisAway

from support.workers import until
from videomoments.coordination.queue import JobQueue
from videomoments.core.times import now
from videomoments.services.wiring import Services
from videomoments.worker.acknowledging import Acknowledger


class _AwayAtFirst(JobQueue):
    away = True

    async def acknowledge(self, consumer: str, *entry_ids: str) -> int:
        if self.away:
            raise RedisAway("it was killed")
        return await super().acknowledge(consumer, *entry_ids)


async def _read(queue: JobQueue, count: int) -> list[str]:
    await queue.ensure_group()
    for number in range(count):
        await queue.add(request_id=f"r{number}", video_id="v", config={}, requested_at=now())
    return [entry.entry_id for entry in await queue.read("worker-a", count, 100)]


async def test_f20_an_entry_is_settled_when_redis_is_back(services: Services) -> None:
    queue = _AwayAtFirst(services.redis)
    acknowledger = Acknowledger(queue, "worker-a")
    acknowledging = asyncio.create_task(acknowledger.run())
    for entry in await _read(queue, 3):
        acknowledger.add(entry)
    await asyncio.sleep(0)
    assert await queue.depth() == 3
    queue.away = False

    async def settled() -> bool:
        return await queue.depth() == 0

    await until(settled)
    acknowledging.cancel()


async def test_f20_what_was_done_with_is_not_given_back_at_the_end(services: Services) -> None:
    queue = _AwayAtFirst(services.redis)
    acknowledger = Acknowledger(queue, "worker-a")
    done, only_read = await _read(queue, 2)
    acknowledger.add(done)
    queue.away = False
    await acknowledger.leave()
    [back] = [entry async for page in queue.pages() for entry in page]
    assert back.request_id == "r1"
    assert back.entry_id != only_read, "it is a fresh entry, for another consumer"
