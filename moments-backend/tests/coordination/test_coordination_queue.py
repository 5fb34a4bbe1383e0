"""The stream and its group."""

from __future__ import annotations

import pytest

from videomoments.coordination import redis_keys
from videomoments.coordination.queue import JobQueue
from videomoments.coordination.redis import best_effort, connect, refuse_evicting
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.times import now
from videomoments.services.wiring import Services


@pytest.fixture
def queue(services: Services) -> JobQueue:
    return services.queue


async def _add(queue: JobQueue, count: int) -> list[str]:
    return [await queue.add(request_id=f"r{number}", video_id="v", config={}, requested_at=now()) for number in range(count)]


async def test_f19_what_was_added_before_the_first_worker_is_read(queue: JobQueue) -> None:
    await _add(queue, 2)
    await queue.ensure_group()
    await queue.ensure_group()
    assert [entry.request_id for entry in await queue.read("worker-a", 5, 100)] == ["r0", "r1"]


async def test_f17_settled_entries_leave_the_stream(services: Services, queue: JobQueue) -> None:
    await queue.ensure_group()
    await _add(queue, 200)
    while entries := await queue.read("worker-a", 50, 50):
        for entry in entries:
            assert await queue.acknowledge("worker-a", entry.entry_id)
    assert await queue.depth() == 0
    assert (await services.redis.xpending(redis_keys.STREAM, redis_keys.GROUP))["pending"] == 0


async def test_an_entry_is_settled_by_its_owner_only(queue: JobQueue) -> None:
    await queue.ensure_group()
    await _add(queue, 1)
    [entry] = await queue.read("worker-a", 1, 100)
    assert [taken.entry_id for taken in await queue.autoclaim("worker-b", 1, 0)] == [entry.entry_id]
    assert not await queue.acknowledge("worker-a", entry.entry_id)
    assert not await queue.freshen("worker-a", entry.entry_id)
    assert await queue.acknowledge("worker-b", entry.entry_id)


async def test_a_fresh_entry_is_not_claimed_away(queue: JobQueue) -> None:
    await queue.ensure_group()
    await _add(queue, 1)
    [entry] = await queue.read("worker-a", 1, 100)
    assert await queue.freshen("worker-a", entry.entry_id)
    assert await queue.autoclaim("worker-b", 1, 5000) == []


async def test_f16_a_dead_consumers_entries_move_before_it_goes(services: Services, queue: JobQueue) -> None:
    await queue.ensure_group()
    await _add(queue, 120)
    await queue.read("worker-dead", 120, 100)
    await queue.read("worker-mine", 1, 10)
    assert await queue.reap_consumers("worker-mine", live=set(), idle_ms=-1) == 1
    names = {row["name"] for row in await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP)}
    assert names == {"worker-mine"}
    # They are taken at the next look, not a lease later.
    assert len(await queue.autoclaim("worker-mine", 200, 60_000)) == 120


async def test_f15_live_consumers_stay(services: Services, queue: JobQueue) -> None:
    await queue.ensure_group()
    for name in ("worker-live", "worker-recent", "worker-mine"):
        await queue.read(name, 1, 10)
    assert await queue.reap_consumers("worker-mine", live={"worker-live"}, idle_ms=60_000) == 0
    assert await queue.reap_consumers("worker-mine", live={"worker-live"}, idle_ms=-1) == 1
    names = {row["name"] for row in await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP)}
    assert names == {"worker-live", "worker-mine"}


async def test_f15_a_worker_that_leaves_gives_its_entries_back(services: Services, queue: JobQueue) -> None:
    await queue.ensure_group()
    await _add(queue, 3)
    await queue.read("worker-a", 3, 100)
    assert await queue.leave("worker-a") == 3
    assert await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP) == []
    assert [entry.request_id for entry in await queue.read("worker-b", 5, 100)] == ["r0", "r1", "r2"]
    assert await queue.depth() == 3


async def test_whether_an_entry_still_waits(queue: JobQueue) -> None:
    await queue.ensure_group()
    [entry] = await _add(queue, 1)
    assert await queue.waits(entry, stale_ms=0), "unread"
    await queue.read("worker-a", 1, 100)
    assert await queue.waits(entry, stale_ms=60_000), "read a moment ago"
    assert not await queue.waits(entry, stale_ms=0), "read, and nobody may still be at it"
    await queue.drop(entry)
    assert not await queue.waits(entry, stale_ms=60_000), "gone"


async def test_an_entry_of_another_program_does_no_harm(services: Services, queue: JobQueue) -> None:
    await queue.ensure_group()
    await services.redis.xadd(redis_keys.STREAM, {"hello": "world"})
    await _add(queue, 1)
    assert [entry.request_id for entry in await queue.read("worker-a", 5, 100)] == ["r0"]
    assert await queue.depth() == 1


async def test_f21_a_redis_that_evicts_is_refused(services: Services) -> None:
    url = services.settings.redis_url or ""
    await refuse_evicting(services.redis, url)
    await services.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(ServiceUnavailable) as refused:
            await refuse_evicting(services.redis, url)
        assert refused.value.code == "redis_evicts"
    finally:
        await services.redis.config_set("maxmemory-policy", "noeviction")


async def test_a_redis_that_is_away_fails_no_mirror_but_the_start() -> None:
    redis = connect("redis://127.0.0.1:1")
    async with best_effort("a status"):
        await redis.ping()
    with pytest.raises(ServiceUnavailable) as refused:
        await refuse_evicting(redis, "redis://127.0.0.1:1")
    assert refused.value.code == "redis_unavailable", "a worker waits for it"
    assert "127.0.0.1:1 refuses connections" in str(refused.value)
    await redis.aclose()
