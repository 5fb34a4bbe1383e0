"""Queries of the reconciler, which puts runs back into the stream, and of the sweeper."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

from videomoments.db.session import Session

_LEFT_CANCELLED = text("""
    SELECT identifier FROM pipeline_history
    WHERE status IN ('queued', 'processing') AND cancel_requested_at IS NOT NULL AND (lease_until IS NULL OR lease_until < now()) LIMIT 100
""")
# Takes rows that no worker holds. They are stamped before the entry is added, so that another worker's pass leaves them alone for `pause`
# seconds.
_UNTENDED = text("""
    WITH untended AS (
        SELECT id, stream_entry FROM pipeline_history
        WHERE cancel_requested_at IS NULL AND (enqueued_at IS NULL AND created_at < now() - interval '1 second'
              OR enqueued_at < now() - make_interval(secs => :pause))
          AND (status = 'queued' OR status = 'processing' AND (lease_until IS NULL OR lease_until < now()))
          AND (retry_at IS NULL OR retry_at <= now())
        ORDER BY enqueued_at NULLS FIRST, created_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE pipeline_history AS run SET enqueued_at = now() FROM untended, videos
    WHERE run.id = untended.id AND videos.id = run.video_id
    RETURNING run.id, run.identifier, videos.identifier AS video_identifier, run.status, run.config, run.queued_at, untended.stream_entry
""")
_NOTE_ENTRY = text("UPDATE pipeline_history SET stream_entry = :entry WHERE id = :id")
_GONE_WORKERS = text("DELETE FROM workers WHERE seen_at < now() - make_interval(secs => :lease)")
_LIVE_WORKERS = text("SELECT name FROM workers WHERE seen_at > now() - make_interval(secs => :lease)")
# Listing a store may take long and cost money, so only one of the live workers does it.
_FIRST_WORKER = text("SELECT min(name) FROM workers WHERE seen_at > now() - make_interval(secs => :lease)")
_ACTIVE = text("SELECT identifier FROM pipeline_history WHERE status IN ('queued', 'processing') AND identifier = ANY(:ids)")
_ENDED = text("SELECT identifier, status FROM pipeline_history WHERE completed_at IS NOT NULL AND identifier = ANY(:ids)")
_NOW = text("SELECT now()")


class UntendedRun(NamedTuple):
    """A run that no worker holds, and its earlier stream entry."""

    run_id: int
    request_id: str
    video_id: str
    status: str
    config: dict[str, Any]
    queued_at: datetime
    stream_entry: str | None


async def left_cancelled(session: Session) -> list[str]:
    """Returns the request ids of runs that are to be cancelled and that no worker holds."""
    return list(await session.scalars(_LEFT_CANCELLED))


async def take_untended(session: Session, *, pause: float, most: int) -> list[UntendedRun]:
    """Takes runs that were untended for `pause` seconds, oldest first. No other worker takes them for as long."""
    rows = (await session.execute(_UNTENDED, {"pause": pause, "batch": most})).all()
    return sorted((UntendedRun._make(row) for row in rows), key=lambda run: run.queued_at)  # an UPDATE returns rows in any order


async def note_entry(session: Session, run_id: int, entry: str) -> None:
    await session.execute(_NOTE_ENTRY, {"id": run_id, "entry": entry})


async def retire_workers(session: Session, lease: float) -> set[str]:
    """Removes workers that were not seen for two leases. Returns the names of those seen within one."""
    await session.execute(_GONE_WORKERS, {"lease": lease * 2})
    return set(await session.scalars(_LIVE_WORKERS, {"lease": lease}))


async def first_worker(session: Session, lease: float) -> str | None:
    """Returns the first of the live workers by name."""
    name: str | None = await session.scalar(_FIRST_WORKER, {"lease": lease})
    return name


async def active(session: Session, request_ids: Collection[str]) -> set[str]:
    """Returns those of these runs that have not ended."""
    return set(await session.scalars(_ACTIVE, {"ids": list(request_ids)}))


async def ended(session: Session, request_ids: Collection[str]) -> dict[str, str]:
    """Returns the status of those of these runs that have ended."""
    return {row.identifier: row.status for row in await session.execute(_ENDED, {"ids": list(request_ids)})}


async def clock(session: Session) -> datetime:
    """Returns PostgreSQL's time."""
    now: datetime = (await session.execute(_NOW)).scalar_one()
    return now
