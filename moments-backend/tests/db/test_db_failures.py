"""Databases that can't be used: each is one line that names host, port, user and cause, with a stable code, and never the password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from databases import Behind

from support.fakes.fronts import answering, postgres_front, silent
from support.stack import Stack
from videomoments.core.errors import MomentsError, ServiceUnavailable
from videomoments.db.examine import check_database
from videomoments.db.migrate import upgrade
from videomoments.db.session import connect_arguments

SECRET = "never-shown"


@pytest.fixture
def behind(stack: Stack) -> Behind:
    return Behind.of(stack)


async def refused(url: str, code: str, *words: str) -> MomentsError:
    """The look beforehand and the upgrade say the same."""
    for ask in (check_database, upgrade):
        with pytest.raises(ServiceUnavailable) as failure:
            await ask(url)
        error = failure.value
        assert error.code == code
        for word in words:
            assert word in str(error)
        assert error.advice
        assert "\n" not in str(error)
        assert SECRET not in str(error)
        assert "user" in str(error)
    return error


@asynccontextmanager
async def role(stack: Stack, name: str, *clauses: str) -> AsyncIterator[None]:
    """A role that may sign in with SECRET."""
    connection = await asyncpg.connect(**connect_arguments(stack.database_url))
    await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}' {' '.join(clauses)}")
    try:
        yield
    finally:
        await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
        await connection.close()


async def test_a_wrong_password(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        where = f"localhost:{port} (user {behind.user}, database {behind.database})"
        await refused(behind.url(port, password=SECRET), "database_password", where, "does not accept the password")


async def test_no_password_at_all(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        url = f"postgresql://{behind.user}@localhost:{port}/{behind.database}"
        await refused(url, "database_password", "asks for a password, and DATABASE_URL has none")


async def test_a_user_that_is_not_there_looks_like_a_wrong_password(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        await refused(behind.url(port, user="nobody", password=SECRET), "database_password", "user nobody")


async def test_a_database_that_is_not_there(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        await refused(behind.url(port, database="elsewhere"), "database_missing", "database elsewhere", "has no database of that name")


async def test_a_host_that_is_not_found() -> None:
    await refused(f"postgresql://me:{SECRET}@nowhere.invalid/d", "database_host_unknown", "nowhere.invalid:5432", "is not found")


async def test_a_port_where_nothing_listens() -> None:
    for host in ("127.0.0.1", "localhost"):
        await refused(f"postgresql://me:{SECRET}@{host}:1/d", "database_refused", f"{host}:1 (user me", "nothing listens there")


async def test_a_socket_that_is_not_there() -> None:
    await refused(f"postgresql://me:{SECRET}@/d?host=/not/there", "database_refused", "/not/there", "no such socket")


async def test_a_server_that_never_answers() -> None:
    with silent() as port:
        url = f"postgresql://me:{SECRET}@localhost:{port}/d?connect_timeout=1"
        await refused(url, "database_timeout", "does not answer in time")


async def test_something_else_on_that_port() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(ServiceUnavailable) as failure:
        await check_database(f"postgresql://me:{SECRET}@localhost:{port}/d")
    assert f"localhost:{port} (user me, database d) is no PostgreSQL: something else answers on that port" in str(failure.value)


async def test_no_connection_left(stack: Stack, behind: Behind) -> None:
    async with role(stack, "crowded", "CONNECTION LIMIT 0"):
        with postgres_front(behind.socket) as port:
            await refused(behind.url(port, user="crowded", password=SECRET), "database_full", "has no connection left")


async def test_an_address_that_the_server_lets_nobody_in_from(stack: Stack, behind: Behind) -> None:
    connection = await asyncpg.connect(**connect_arguments(stack.database_url))
    kept = await connection.fetchval("SELECT pg_read_file(current_setting('hba_file'))")

    async def written(text: str) -> None:
        file = await connection.fetchval("SELECT current_setting('hba_file')")
        lines = ", ".join("'" + line.replace("'", "''") + "'" for line in text.splitlines() if line.strip() and "\t" not in line)
        await connection.execute(f"COPY (SELECT unnest(ARRAY[{lines}])) TO '{file}'")
        await connection.execute("SELECT pg_reload_conf()")

    await written("local all shut reject\n" + kept)
    try:
        with postgres_front(behind.socket) as port:
            await refused(behind.url(port, user="shut", password=SECRET), "database_not_allowed", "pg_hba.conf")
    finally:
        await written(kept)
        await connection.close()


async def test_a_replica_takes_no_writes(stack: Stack, behind: Behind) -> None:
    connection = await asyncpg.connect(**connect_arguments(stack.database_url))
    await connection.execute("CREATE DATABASE readonly")
    await connection.execute("ALTER DATABASE readonly SET default_transaction_read_only = on")
    try:
        with postgres_front(behind.socket) as port:
            await refused(behind.url(port, database="readonly"), "database_read_only", "takes no writes")
            await refused(behind.url(port, "target_session_attrs=read-write", database="readonly"), "database_read_only", "takes no writes")
    finally:
        await connection.execute("DROP DATABASE readonly WITH (FORCE)")
        await connection.close()


async def test_a_user_that_may_make_no_tables(stack: Stack, behind: Behind) -> None:
    connection = await asyncpg.connect(**connect_arguments(stack.database_url))
    await connection.execute("CREATE DATABASE fresh")
    try:
        async with role(stack, "humble"):
            with postgres_front(behind.socket) as port, pytest.raises(ServiceUnavailable) as failure:
                await upgrade(behind.url(port, user="humble", password=SECRET, database="fresh"))
    finally:
        await connection.execute("DROP DATABASE fresh WITH (FORCE)")
        await connection.close()
    assert failure.value.code == "database_permission"
    assert "user humble" in str(failure.value)
