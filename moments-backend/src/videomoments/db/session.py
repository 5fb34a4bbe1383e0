"""Provides one engine per process, and one short transaction per use."""

from __future__ import annotations

import select
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import asyncpg
from sqlalchemy import CursorResult, Executable, Result, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from videomoments.core.errors import ServiceUnavailable
from videomoments.core.reaching import unreached
from videomoments.core.tasks import finished
from videomoments.db.database_url import Address, parse_address
from videomoments.db.failures import CONNECTING, database_failure

# Seconds. After so long without use, something in between may have dropped the connection silently.
_RESTED_SECONDS = 60.0
_CLOSE_SECONDS = 5.0
# Milliseconds. A worker that hangs in a transaction, or was killed while it waited for a lock, must not block the others.
_SESSION = {
    "application_name": "videomoments",
    "idle_in_transaction_session_timeout": "15000",
    "client_connection_check_interval": "2000",
}


Session = AsyncSession
"""A transaction, as `Database.transaction` gives it."""


class Executor(Protocol):
    """Runs a statement: a `Session`, or the `Database` itself for a transaction of its own."""

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None, /) -> Result[Any]: ...


class AlreadyThere(Exception):
    """A unique index refused the write."""


class Database:
    """PostgreSQL through asyncpg.

    `url` as in `db.database_url`. Sessions are never held across a model call or a cut (F70). Raises InvalidInput for a URL that can't be
    read.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = url
        self._address = parse_address(url)
        self._engine = open_engine(self._address, pool_size=pool_size, max_overflow=pool_size, pool_timeout=30)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._engine.sync_engine, "checkout", _refuse_dead)
        event.listen(self._engine.sync_engine, "checkin", _note_rest)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Opens a transaction that commits at the end and rolls back on an error.

        Raises:
            ServiceUnavailable: PostgreSQL can't be reached or went away.
        """
        with self._away_is_unavailable():
            session = self._sessions()
            try:
                await session.begin()
                yield session
                await session.commit()
            finally:
                # Rolls back what was not committed. If this were cancelled, its locks would stay with a session that nobody uses.
                await finished(session.close(), seconds=_CLOSE_SECONDS)

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None, /) -> CursorResult[Any]:
        """Runs one statement as a transaction of its own: a third of the work of `transaction()`, and one round trip instead of three. For
        what happens with every run.

        Raises:
            ServiceUnavailable: PostgreSQL can't be reached or went away. Whether the statement took effect is then unknown.
        """
        with self._away_is_unavailable():
            async with self._single.connect() as connection:
                return await connection.execute(statement, params)

    async def close(self) -> None:
        await self._engine.dispose()

    @contextmanager
    def _away_is_unavailable(self) -> Iterator[None]:
        try:
            yield
        except (*CONNECTING, PoolTimeout) as error:
            if not _away(error):
                raise
            raise unavailable(error, self._address) from error


def open_engine(address: Address, **pool: Any) -> AsyncEngine:
    """Returns an engine whose connections all go where `address` says, with its parameters."""
    arguments = address.arguments(**_SESSION) | {"timeout": address.connect_seconds}
    if "prepared_statement_cache_size" in address.caches:
        arguments["prepared_statement_cache_size"] = address.caches["prepared_statement_cache_size"]
    return create_async_engine("postgresql+asyncpg://", connect_args=arguments, **pool)


def connect_arguments(url: str) -> dict[str, Any]:
    """Returns `url` as keyword arguments of `asyncpg.connect`, for the few connections that must outlive a transaction (lease, model
    slots). They set their own time limits."""
    return parse_address(url).arguments(application_name="videomoments")


def unavailable(error: BaseException, address: Address) -> ServiceUnavailable:
    """Returns the error: a caller over HTTP sees the bare fact, the log and the command line see all of it."""
    found = database_failure(error, address)
    return ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable", operator=found.operator_text)


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:
    """Refuses a dead connection before each use. A ping would cost three round trips. That the server closed it is known here already or
    lies unread, because a server sends little else to an idle connection."""
    del proxy
    driver = connection.driver_connection
    rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
    if driver.is_closed() or rested > _RESTED_SECONDS or _unread(driver):
        raise DisconnectionError("the pool opens another one")


def _unread(driver: Any) -> bool:
    sock = driver._transport.get_extra_info("socket")
    if sock is None:
        return True
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _note_rest(connection: Any, record: Any) -> None:
    del connection
    record.info["rests_since"] = time.monotonic()


def _away(error: Exception) -> bool:
    """Returns whether the database is unavailable, rather than the statement wrong. A server that shuts down breaks connections with its
    own errors."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        # A connection that breaks within a statement, or is not let in at all, may raise a plain DBAPIError.
        return str(getattr(error.orig, "sqlstate", "") or "").startswith(("08", "28", "3D", "53300", "57P"))
    if isinstance(error, asyncpg.PostgresError):  # while connecting: starting up, shutting down, too many connections, not let in
        return (error.sqlstate or "").startswith(("08", "28", "3D", "53", "57"))
    known = isinstance(error, PoolTimeout | ConnectionError | asyncpg.TargetServerAttributeNotMatched)
    return known or (isinstance(error, OSError) and unreached(error) is not None)
