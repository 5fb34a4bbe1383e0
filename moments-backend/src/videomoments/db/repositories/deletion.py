"""Queries on videos that are deleted or being deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from videomoments.db.session import AlreadyThere, Session

_HIDE = text("UPDATE videos SET deleted_at = coalesce(deleted_at, now()) WHERE identifier = :id RETURNING deleted_at")
_RESTORE = text("UPDATE videos SET deleted_at = NULL WHERE identifier = :id AND deleted_at IS NOT NULL RETURNING id")
_ACTIVE = text("""
    SELECT run.identifier FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE videos.identifier = :id AND run.status IN ('queued', 'processing')
""")
_LOCK = text("SELECT id FROM videos WHERE identifier = :id AND deleted_at IS NOT NULL FOR UPDATE")
_RUNS = text("SELECT identifier FROM pipeline_history WHERE video_id = :video")
_REMOVE = text("DELETE FROM videos WHERE id = :video")
_DUE = text("SELECT identifier FROM videos WHERE deleted_at < now() - make_interval(secs => :life) ORDER BY deleted_at LIMIT 20")


async def hide(session: Session, video_id: str) -> datetime | None:
    """Hides the video. Returns when it was hidden, now or earlier; None where there is none."""
    hidden: datetime | None = await session.scalar(_HIDE, {"id": video_id})
    return hidden


async def restore(session: Session, video_id: str) -> bool:
    """Shows a hidden video again. Returns False where it is not hidden (any more). Raises AlreadyThere when its source was registered again
    meanwhile."""
    try:
        return await session.scalar(_RESTORE, {"id": video_id}) is not None
    except IntegrityError as error:
        raise AlreadyThere from error


async def active_runs(session: Session, video_id: str) -> list[str]:
    """Returns the request ids of the video's runs that have not ended."""
    return list(await session.scalars(_ACTIVE, {"id": video_id}))


async def remove(session: Session, video_id: str) -> list[str] | None:
    """Deletes the rows of a hidden video. Returns its runs' request ids, or None when it was restored meanwhile or has an active run. The
    lock keeps out a start that has just read the video."""
    video = await session.scalar(_LOCK, {"id": video_id})
    if video is None or await active_runs(session, video_id):
        return None
    runs = list(await session.scalars(_RUNS, {"video": video}))
    await session.execute(_REMOVE, {"video": video})
    return runs


async def due(session: Session, life: timedelta) -> list[str]:
    """Returns at most 20 of the videos that were hidden longer ago than `life`."""
    return list(await session.scalars(_DUE, {"life": life.total_seconds()}))
