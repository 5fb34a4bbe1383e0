"""Statements on connections that must outlive a transaction: leases and model slots. Parameters are in asyncpg's own style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

# Does not renew a run that was just handed back.
_RENEW = """
    WITH held AS (
        SELECT run.id FROM unnest($1::bigint[], $2::bigint[]) AS mine (id, attempt)
        JOIN pipeline_history AS run ON run.id = mine.id AND run.attempt = mine.attempt
        WHERE run.status = 'processing' AND run.lease_until IS NOT NULL ORDER BY run.id FOR NO KEY UPDATE OF run
    )
    UPDATE pipeline_history SET lease_until = now() + make_interval(secs => $3) FROM held WHERE pipeline_history.id = held.id
    RETURNING pipeline_history.id, pipeline_history.attempt, cancel_requested_at IS NOT NULL AS cancelled
"""
_CANCELLED = "SELECT id FROM pipeline_history WHERE id = ANY($1::bigint[]) AND cancel_requested_at IS NOT NULL"
_SEEN = "INSERT INTO workers (name, host, pid) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET seen_at = now()"
_GONE = "DELETE FROM workers WHERE name = $1"
_ALIVE = "SELECT EXISTS (SELECT 1 FROM workers WHERE host = $1 AND seen_at > now() - make_interval(secs => $2))"
_TAKE_SLOT = "SELECT pg_try_advisory_lock($1, $2)"
_FREE_SLOT = "SELECT pg_advisory_unlock($1, $2)"


async def renew(connection: asyncpg.Connection[Any], claims: Sequence[tuple[int, int]], lease: float) -> dict[tuple[int, int], bool]:
    """Renews the leases of claims, each given by (run, attempt). Returns those that still hold their runs, and whether each is to be
    cancelled."""
    ids, attempts = [run_id for run_id, _ in claims], [attempt for _, attempt in claims]
    return {(row["id"], row["attempt"]): row["cancelled"] for row in await connection.fetch(_RENEW, ids, attempts, lease)}


async def cancelled(connection: asyncpg.Connection[Any], run_ids: Sequence[int]) -> set[int]:
    """Returns those of these runs that are to be cancelled."""
    return {row["id"] for row in await connection.fetch(_CANCELLED, list(run_ids))}


async def note_worker(connection: asyncpg.Connection[Any], name: str, host: str, pid: int) -> None:
    """Stores a sign of life of the worker."""
    await connection.execute(_SEEN, name, host, pid)


async def remove_worker(connection: asyncpg.Connection[Any], name: str) -> None:
    await connection.execute(_GONE, name)


async def has_live_worker(connection: asyncpg.Connection[Any], host: str, lease: float, *, seconds: float) -> bool:
    """Returns whether a worker of the host was seen within `lease` seconds. Waits for the reply for at most `seconds`."""
    return bool(await connection.fetchval(_ALIVE, host, lease, timeout=seconds))


async def take_slot(connection: asyncpg.Connection[Any], space: int, number: int, *, seconds: float) -> bool:
    """Tries to take the lock. Returns False where another connection has it. The same connection may take an advisory lock several
    times."""
    return bool(await connection.fetchval(_TAKE_SLOT, space, number, timeout=seconds))


async def free_slot(connection: asyncpg.Connection[Any], space: int, number: int, *, seconds: float) -> None:
    await connection.fetchval(_FREE_SLOT, space, number, timeout=seconds)
