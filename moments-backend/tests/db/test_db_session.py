"""A transaction ends, however its task does."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from support.backend import claimed, one
from support.workers import until
from videomoments.services.wiring import Services


async def test_a_transaction_that_is_cancelled_again_and_again_keeps_no_lock(services: Services) -> None:
    """Two of them: one waits for the other's row when it is cancelled, and once more while it rolls back."""
    claim = await claimed(services)
    locked = asyncio.Event()

    async def hold(seconds: float) -> None:
        async with services.runs.fenced(claim):
            locked.set()
            await asyncio.sleep(seconds)

    first, second = asyncio.create_task(hold(60)), asyncio.create_task(hold(60))
    await locked.wait()
    await until(lambda: one(services, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))
    for _ in range(50):
        first.cancel()
        second.cancel()
        await asyncio.sleep(0)
    for task in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await task
    idle = "SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
    await until(lambda: one(services, idle))
    async with services.database.transaction() as session:
        await session.execute(text("SET LOCAL lock_timeout = '2s'"))
        await session.execute(text("UPDATE pipeline_history SET note = 'free'"))
