"""The lock's value is the fence in Redis: whoever does not hold it changes nothing."""

from __future__ import annotations

import pytest

from videomoments.coordination import redis_keys
from videomoments.coordination.status import StatusMirror
from videomoments.core.times import now
from videomoments.services.wiring import Services

VIDEO = "video-1"


@pytest.fixture
def status(services: Services) -> StatusMirror:
    return services.runs.status


async def test_f04_a_lock_is_released_by_its_holder_only(services: Services, status: StatusMirror) -> None:
    assert await status.take(VIDEO, "run-a", 1)
    await services.redis.delete(redis_keys.lock(VIDEO))  # it expired
    assert await status.take(VIDEO, "run-b", 1)
    assert not await status.release(VIDEO, "run-a", 1, {"status": "completed"})
    assert await services.redis.get(redis_keys.lock(VIDEO)) == "run-b:1"
    assert await status.read(VIDEO) == {}


async def test_f04_an_older_attempt_can_not_take_the_lock_back(status: StatusMirror) -> None:
    assert await status.take(VIDEO, "run-a", 10)
    assert not await status.take(VIDEO, "run-a", 9)
    assert not await status.take(VIDEO, "run-a", 9, force=True), "numbers are compared as numbers, and force is for other runs"
    assert await status.take(VIDEO, "run-a", 11)
    assert not await status.renew(VIDEO, "run-a", 10)


async def test_f04_another_run_takes_the_lock_by_force_only(status: StatusMirror) -> None:
    assert await status.take(VIDEO, "run-a", 1)
    assert not await status.take(VIDEO, "run-b", 5)
    assert await status.take(VIDEO, "run-b", 0, force=True)


async def test_f31_a_late_writer_changes_nothing(status: StatusMirror) -> None:
    await status.open(VIDEO, "run-a", 1, {"status": "processing"})
    await status.release(VIDEO, "run-a", 1, {"status": "completed"})
    assert not await status.write(VIDEO, "run-a", 1, {"status": "processing"})
    assert (await status.read(VIDEO))["status"] == "completed"


async def test_f03_the_lock_is_renewed(services: Services, status: StatusMirror) -> None:
    await status.take(VIDEO, "run-a", 1)
    await services.redis.pexpire(redis_keys.lock(VIDEO), 5000)
    assert await status.renew(VIDEO, "run-a", 1)
    assert await services.redis.ttl(redis_keys.lock(VIDEO)) > 1700


async def test_f02_a_worker_that_wakes_up_after_the_end_opens_nothing(services: Services, status: StatusMirror) -> None:
    await status.open(VIDEO, "run-a", 2, {"status": "processing"})
    await status.end(VIDEO, "run-a", 2, {"status": "completed"}, {}, now())
    shown = await status.read(VIDEO)
    assert not await status.open(VIDEO, "run-a", 1, {"status": "processing"}), "it was frozen between its claim and this"
    assert await status.read(VIDEO) == shown
    assert await services.redis.get(redis_keys.lock(VIDEO)) is None


async def test_a_run_that_is_retried_leaves_the_history(services: Services, status: StatusMirror) -> None:
    await status.open(VIDEO, "run-a", 1, {"status": "processing"})
    await status.end(VIDEO, "run-a", 1, {"status": "failed"}, {}, now())
    assert await status.open(VIDEO, "run-a", 1, {"status": "queued"}, again=True)
    assert (await status.read(VIDEO))["status"] == "queued"
    assert await services.redis.exists(redis_keys.run("run-a"), redis_keys.history(VIDEO)) == 0
    assert not await status.open(VIDEO, "run-a", 0, {"status": "processing"}), "an older claim"
