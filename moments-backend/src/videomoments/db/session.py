"""One engine per process, one short transaction per use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from videomoments.core.errors import ServiceUnavailable

# A connection that rested so long may have been cut off without a word by something in between.
_RESTED_SECONDS = 60.0
_CLOSE_SECONDS = 5.0
# Milliseconds. A worker that is frozen in a transaction, or was killed while it waited for a lock, must not hold up the others.
_SESSION = {
    "application_name": "videomoments",
    "idle_in_transaction_session_timeout": "15000",
    "client_connection_check_interval": "2000",
}


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
            connect_args={"server_settings": _SESSION},
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._engine.sync_engine, "checkout", _refuse_dead)
        event.listen(self._engine.sync_engine, "checkin", _note_rest)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, rolls back on an error.

        Raises:
            ServiceUnavailable: PostgreSQL can't be reached or went away.
        """
        with _away_is_unavailable():
            session = self._sessions()
            try:
                await session.begin()
                yield session
                await session.commit()
            finally:
                await _to_its_end(session.close())  # rolls back what was not committed

    async def statement(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """One statement that is a transaction of its own: a third of the work of `transaction()`, and one way to the server instead of
        three. For what happens with every run.

        Raises:
            ServiceUnavailable: PostgreSQL can't be reached or went away. Whether the statement took effect is then unknown.
        """
        with _away_is_unavailable():
            async with self._single.connect() as connection:
                return await connection.execute(statement, values)

    async def close(self) -> None:
        await self._engine.dispose()


async def _to_its_end(closing: Coroutine[Any, Any, None]) -> None:
    """A rollback that is broken off would leave its locks to a session that nobody speaks for."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
        raise


@contextmanager
def _away_is_unavailable() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, asyncpg.PostgresError, OSError) as error:
        if not _away(error):
            raise
        raise ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable") from error


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:
    """Before each use. A ping would cost three ways to the server; that it has closed the connection is known here already."""
    del proxy
    if connection.driver_connection.is_closed() or time.monotonic() - record.info.get("rests_since", time.monotonic()) > _RESTED_SECONDS:
        raise DisconnectionError("the pool opens another one")


def _note_rest(connection: Any, record: Any) -> None:
    del connection
    record.info["rests_since"] = time.monotonic()


def _away(error: Exception) -> bool:
    """Whether the database is the trouble, not the statement. A server that shuts down breaks connections with errors of its own."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        # A connection that breaks in the middle of a statement may come as no kind of its own.
        return str(getattr(error.orig, "sqlstate", "") or "").startswith(("08", "57P"))
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
