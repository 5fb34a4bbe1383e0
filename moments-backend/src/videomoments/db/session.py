"""One engine per process, one short transaction per use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from videomoments.core.errors import ServiceUnavailable


class Database:
    """PostgreSQL through asyncpg.

    `url` is an SQLAlchemy URL; a plain `postgresql://` is read as asyncpg's. Sessions are never held across a model call or a cut (F70).
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = normalised_url(url)
        self._engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=30,
            pool_pre_ping=True,
            connect_args={"server_settings": {"application_name": "videomoments", "idle_in_transaction_session_timeout": "60000"}},
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, rolls back on an error.

        Raises:
            ServiceUnavailable: PostgreSQL can't be reached or went away.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except (DBAPIError, PoolTimeout, asyncpg.PostgresError, OSError) as error:
            if not _away(error):
                raise
            raise ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable") from error

    async def close(self) -> None:
        await self._engine.dispose()


def _away(error: Exception) -> bool:
    """Whether the database is the trouble, not the statement. A server that shuts down breaks connections with errors of its own."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    if isinstance(error, asyncpg.PostgresError):  # while connecting: starting up, shutting down, too many connections
        return (error.sqlstate or "").startswith(("08", "53", "57"))
    return isinstance(error, PoolTimeout | ConnectionError | FileNotFoundError | TimeoutError)


def normalised_url(url: str) -> str:
    """`postgres://…` and `postgresql://…` name the asyncpg driver, as SQLAlchemy wants it."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    return url


def connect_arguments(url: str) -> dict[str, Any]:
    """`url` as keyword arguments of `asyncpg.connect`, for the few connections that must outlive a transaction (lease, model slots)."""
    parsed = make_url(normalised_url(url))
    arguments: dict[str, Any] = {
        "host": parsed.query.get("host") or parsed.host,
        "port": parsed.port,
        "user": parsed.username,
        "password": parsed.password,
        "database": parsed.database,
    }
    return {name: value for name, value in arguments.items() if value is not None}
