"""Checks at the start, and for `moments doctor`, whether a shared database can be used."""

from __future__ import annotations

from typing import Any

import asyncpg

from videomoments.db.database_url import Address, parse_address
from videomoments.db.failures import CONNECTING, database_failure, pooler_failure, read_only_failure
from videomoments.db.migrate import schema_problem

_FACTS = """
    SELECT pg_backend_pid() AS pid, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only,
           current_setting('server_version') AS version, to_regclass('alembic_version') IS NOT NULL AS made,
           (SELECT coalesce(version, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls
"""


async def check_database(database_url: str) -> str:
    """Returns what was found, in a few words: version, TLS, schema.

    Raises:
        InvalidInput: the address can't be read.
        ServiceUnavailable: the database can't be reached or worked with (`database_…`); it is empty (`database_empty`), older
            (`database_old`) or newer (`database_newer`) than this version. Only `moments db upgrade` changes a schema that others share.
    """
    address = parse_address(database_url)
    try:
        facts, revision = await _facts(address)
    except CONNECTING as error:
        raise database_failure(error, address) from error
    if facts["read_only"]:
        raise read_only_failure(address)
    if (problem := schema_problem(revision, address)) is not None:
        raise problem
    return f"PostgreSQL {facts['version'].split()[0]} at {address}{f', {tls}' if (tls := facts['tls']) else ''}, schema {revision}"


async def _facts(address: Address) -> tuple[Any, str | None]:
    first = await _connected(address)
    try:
        # A pooler keeps a transaction to one session, whatever its mode, and likewise an unnamed statement.
        async with first.transaction():
            facts = await first.fetchrow(_FACTS)
            assert facts is not None
            revision = await first.fetchval("SELECT version_num FROM alembic_version") if facts["made"] else None
        await _refuse_shared_session(address, facts["pid"])
        return facts, revision
    finally:
        first.terminate()


async def _refuse_shared_session(address: Address, pid: int) -> None:
    """Refuses a pooler that hands sessions out by transaction: two connections open at once get the same session of the server. Locks of a
    session, which limit a model's calls, would then be shared by anybody."""
    second = await _connected(address)
    try:
        async with second.transaction():
            if await second.fetchval("SELECT pg_backend_pid()") == pid:
                raise pooler_failure(address)
    finally:
        second.terminate()


async def _connected(address: Address) -> asyncpg.Connection[Any]:
    arguments = address.arguments(application_name="videomoments") | {"statement_cache_size": 0}
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        **arguments, timeout=address.connect_seconds, command_timeout=address.connect_seconds
    )
    return connection
