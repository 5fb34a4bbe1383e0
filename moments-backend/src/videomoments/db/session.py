"""One engine per process, one short transaction per use."""

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

# A connection that rested so long may have been cut off without a word by something in between.
_RESTED_SECONDS = 60.0
_CLOSE_SECONDS = 5.0
# Milliseconds. A worker that is frozen in a transaction, or was killed while it waited for a lock, must not hold up the others.
_SESSION = {
    "application_name": "videomoments",
    "idle_in_transaction_session_timeout": "15000",
    "client_connection_check_interval": "2000",
}


Session = AsyncSession
"""A transaction, as `Database.transaction` gives it."""


class Executor(Protocol):
    """What runs a statement: a `Session`, or the `Database` itself for a transaction of its own."""

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None, /) -> Result[Any]: ...


class AlreadyThere(Exception):
    """A unique index refuses the write."""


class Database:
    """PostgreSQL through asyncpg.

    `url` as in `db.address`. Sessions are never held across a model call or a cut (F70). Raises InvalidInput for a URL that can't be read.
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
        """Commits at the end, rolls back on an error.

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
                # Rolls back what was not committed. Broken off, it would leave its locks to a session that nobody speaks for.
                await finished(session.close(), seconds=_CLOSE_SECONDS)

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None, /) -> CursorResult[Any]:
        """One statement that is a transaction of its own: a third of the work of `transaction()`, and one way to the server instead of
        three. For what happens with every run.

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
    """An engine whose every connection goes where `address` says, and as it says."""
    arguments = address.arguments(**_SESSION) | {"timeout": address.connect_seconds}
    if "prepared_statement_cache_size" in address.caches:
        arguments["prepared_statement_cache_size"] = address.caches["prepared_statement_cache_size"]
    return create_async_engine("postgresql+asyncpg://", connect_args=arguments, **pool)


def connect_arguments(url: str) -> dict[str, Any]:
    """`url` as keyword arguments of `asyncpg.connect`, for the few connections that must outlive a transaction (lease, model slots).
    Their time limit is their own."""
    return parse_address(url).arguments(application_name="videomoments")


def unavailable(error: BaseException, address: Address) -> ServiceUnavailable:
    """What a caller over HTTP may know, and for the log and the command line all of it."""
    found = database_failure(error, address)
    return ServiceUnavailable("PostgreSQL does not answer.", code="database_unavailable", operator=found.operator_text)


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:
    """Before each use. A ping would cost three ways to the server; that it has closed the connection is known here already, or lies unread:
    to a connection that rests a server says little but its end."""
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
    """Whether the database is the trouble, not the statement. A server that shuts down breaks connections with errors of its own."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        # A connection that breaks in the middle of a statement, or is not let in at all, may come as no kind of its own.
        return str(getattr(error.orig, "sqlstate", "") or "").startswith(("08", "28", "3D", "53300", "57P"))
    if isinstance(error, asyncpg.PostgresError):  # while connecting: starting up, shutting down, too many connections, not let in
        return (error.sqlstate or "").startswith(("08", "28", "3D", "53", "57"))
    known = isinstance(error, PoolTimeout | ConnectionError | asyncpg.TargetServerAttributeNotMatched)
    return known or (isinstance(error, OSError) and unreached(error) is not None)
