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
# Rows that nobody works on. Stamped before the entry is added: another worker's pass leaves them alone for a while.
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
# Lists of a store may be long and cost money: of all live workers, one asks for them.
_FIRST_WORKER = text("SELECT min(name) FROM workers WHERE seen_at > now() - make_interval(secs => :lease)")
_ACTIVE = text("SELECT identifier FROM pipeline_history WHERE status IN ('queued', 'processing') AND identifier = ANY(:ids)")
_ENDED = text("SELECT identifier, status FROM pipeline_history WHERE completed_at IS NOT NULL AND identifier = ANY(:ids)")
_NOW = text("SELECT now()")


class UntendedRun(NamedTuple):
    """A run that no worker holds, and the entry of the stream that it had."""

    run_id: int
    request_id: str
    video_id: str
    status: str
    config: dict[str, Any]
    queued_at: datetime
    stream_entry: str | None


async def left_cancelled(session: Session) -> list[str]:
    """Request ids of runs that are to be cancelled, and that nobody holds."""
    return list(await session.scalars(_LEFT_CANCELLED))


async def take_untended(session: Session, *, pause: float, most: int) -> list[UntendedRun]:
    """Runs that have not been looked after for `pause` seconds, oldest first; for so long no other worker gets them."""
    rows = (await session.execute(_UNTENDED, {"pause": pause, "batch": most})).all()
    return sorted((UntendedRun._make(row) for row in rows), key=lambda run: run.queued_at)  # an UPDATE answers in any order


async def note_entry(session: Session, run_id: int, entry: str) -> None:
    await session.execute(_NOTE_ENTRY, {"id": run_id, "entry": entry})


async def retire_workers(session: Session, lease: float) -> set[str]:
    """Removes workers that were not seen for two leases. Returns the names of those that were seen within one."""
    await session.execute(_GONE_WORKERS, {"lease": lease * 2})
    return set(await session.scalars(_LIVE_WORKERS, {"lease": lease}))


async def first_worker(session: Session, lease: float) -> str | None:
    """The first of the live workers by name."""
    name: str | None = await session.scalar(_FIRST_WORKER, {"lease": lease})
    return name


async def active(session: Session, request_ids: Collection[str]) -> set[str]:
    """Those of these runs that have not ended."""
    return set(await session.scalars(_ACTIVE, {"ids": list(request_ids)}))


async def ended(session: Session, request_ids: Collection[str]) -> dict[str, str]:
    """How those of these runs ended that have."""
    return {row.identifier: row.status for row in await session.execute(_ENDED, {"ids": list(request_ids)})}


async def clock(session: Session) -> datetime:
    """PostgreSQL's time."""
    now: datetime = (await session.execute(_NOW)).scalar_one()
    return now
