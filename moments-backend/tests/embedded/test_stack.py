"""The URLs of a running stack work as they are."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

import redis.asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from videomoments.embedded import Stack


async def test_database_url_opens_the_database(stack: Stack) -> None:
    engine = create_async_engine(stack.database_url)
    async with engine.connect() as connection:
        row = (
            await connection.execute(
                text("select current_database(), current_setting('server_version_num')::int, current_setting('timezone'), upper('é')")
            )
        ).one()
    await engine.dispose()
    assert row[0] == "vision_ai"
    assert row[1] >= 180000
    assert row[2] == "UTC"
    assert row[3] == "É"


async def test_f21_redis_url_opens_a_queue_that_never_evicts(stack: Stack) -> None:
    client = redis.asyncio.from_url(stack.redis_url)
    assert await client.ping()
    assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
    assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    await client.aclose()


def test_storage_url_is_a_folder_that_exists(stack: Stack) -> None:
    assert Path(urlparse(stack.storage_url).path).is_dir()


def test_secrets_do_not_show_in_a_log_line(stack: Stack) -> None:
    password = urlparse(stack.database_url).password
    assert password
    assert password not in repr(stack)
