"""A database with nothing in it on the stack's server: the fixture `empty`. A conftest or test that wants it imports it from here."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from support.stack import Stack
from videomoments.db.migrate import migrations_folder
from videomoments.db.session import connect_arguments


@pytest.fixture
async def empty(stack: Stack) -> AsyncIterator[str]:
    """Its URL. It is dropped at the end."""
    name = f"t{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(**connect_arguments(stack.database_url))
    await connection.execute(f"CREATE DATABASE {name}")
    try:
        yield make_url(stack.database_url).set(database=name).render_as_string(hide_password=False)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


async def at_revision(url: str, revision: str) -> None:
    """Brings the database to an older version's revision."""

    def upgraded(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(upgraded)
        await connection.commit()
    await engine.dispose()
