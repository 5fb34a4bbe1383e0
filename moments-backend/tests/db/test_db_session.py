"""Connections come and go; a use of the database that begins while it is there works."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from backend import one
from videomoments.db.session import Database
from videomoments.services.wiring import Services

_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'videomoments' AND pid <> pg_backend_pid()"
)


async def test_connections_that_the_server_has_closed_are_replaced_unseen(services: Services) -> None:
    pooled = Database(services.database.url, pool_size=3)
    try:
        await asyncio.gather(*(pooled.statement(text("SELECT pg_sleep(0.1)")) for _ in range(3)))
        async with services.database.transaction() as session:
            assert (await session.scalar(_OTHERS) or 0) >= 3
        await asyncio.sleep(0.2)  # the news is on its way
        answers = await asyncio.gather(*(pooled.statement(text("SELECT 1")) for _ in range(3)), one(services, "SELECT 1"))
        assert [answer if isinstance(answer, int) else answer.scalar() for answer in answers] == [1, 1, 1, 1]
    finally:
        await pooled.close()


async def test_a_statement_alone_is_committed(services: Services) -> None:
    await services.database.statement(text("INSERT INTO workers (name, host, pid) VALUES (:name, 'h', 1)"), {"name": "w"})
    assert await one(services, "SELECT count(*) FROM workers") == 1
