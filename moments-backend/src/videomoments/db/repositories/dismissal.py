"""Queries on runs that lists leave out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from videomoments.db.session import Session

_DISMISS = text("""
    UPDATE pipeline_history SET dismissed_at = coalesce(dismissed_at, now())
    WHERE identifier = :id AND status IN ('failed', 'cancelled') RETURNING dismissed_at
""")
_DISMISS_ALL = text("""
    UPDATE pipeline_history AS run SET dismissed_at = now() FROM videos
    WHERE videos.id = run.video_id AND videos.deleted_at IS NULL AND run.status = 'failed' AND run.dismissed_at IS NULL
    RETURNING run.identifier
""")
_BRING_BACK = text("UPDATE pipeline_history SET dismissed_at = NULL WHERE identifier = :id RETURNING id")


async def dismiss(session: Session, request_id: str) -> datetime | None:
    """Dismisses the run. Returns when it was dismissed, now or earlier; None where it does not exist or neither failed nor was
    cancelled."""
    dismissed: datetime | None = await session.scalar(_DISMISS, {"id": request_id})
    return dismissed


async def dismiss_failed(session: Session) -> list[str]:
    """Dismisses every failed run. Returns the request ids of those that were not dismissed before."""
    return list(await session.scalars(_DISMISS_ALL))


async def bring_back(session: Session, request_id: str) -> bool:
    """Takes a dismissal back. Returns False where there is no such run."""
    return await session.scalar(_BRING_BACK, {"id": request_id}) is not None
