"""The lock's value is the fence in Redis: whoever does not hold it changes nothing."""

from __future__ import annotations

import pytest

from videomoments.coordination import redis_keys
from videomoments.coordination.status import StatusMirror
from videomoments.core.times import now
from videomoments.services.wiring import Services

VIDEO = "video-1"
PROCESSING = {"status": "processing"}


@pytest.fixture
def status(services: Services) -> StatusMirror:
    return services.runs.status


async def test_f04_a_lock_is_released_by_its_holder_only(services: Services, status: StatusMirror) -> None:
    assert await status.open(VIDEO, "run-a", 1, PROCESSING)
    await services.redis.delete(redis_keys.lock(VIDEO))  # it expired
    assert await status.open(VIDEO, "run-b", 1, PROCESSING)
    assert not await status.release(VIDEO, "run-a", 1, {"status": "completed"})
    assert await services.redis.get(redis_keys.lock(VIDEO)) == "run-b:1"
    assert await status.read(VIDEO) == PROCESSING | {"request_id": "run-b"}


async def test_f04_an_older_attempt_can_not_take_the_lock_back(status: StatusMirror) -> None:
    assert await status.open(VIDEO, "run-a", 10, PROCESSING)
    assert not await status.open(VIDEO, "run-a", 9, PROCESSING), "numbers are compared as numbers"
    assert await status.open(VIDEO, "run-a", 11, PROCESSING)
    assert not await status.renew(VIDEO, "run-a", 10)


async def test_f04_a_run_that_ends_does_not_take_the_lock_of_the_next(status: StatusMirror) -> None:
    assert await status.open(VIDEO, "run-a", 1, PROCESSING)
    assert not await status.end(VIDEO, "run-b", 5, {"status": "completed"}, {}, now())
    assert (await status.read(VIDEO))["request_id"] == "run-a"
    assert await status.open(VIDEO, "run-c", 0, PROCESSING), "its row was claimed, so the other lock is left over"


async def test_f31_a_late_writer_changes_nothing(status: StatusMirror) -> None:
    await status.open(VIDEO, "run-a", 1, {"status": "processing"})
    await status.release(VIDEO, "run-a", 1, {"status": "completed"})
    assert not await status.write(VIDEO, "run-a", 1, {"status": "processing"})
    assert (await status.read(VIDEO))["status"] == "completed"


async def test_f03_the_lock_is_renewed(services: Services, status: StatusMirror) -> None:
    await status.open(VIDEO, "run-a", 1, PROCESSING)
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
