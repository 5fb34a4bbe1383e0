"""Runs that ended badly and that nobody wants to see any more: out of the lists, kept in their video's history.

A dismissal changes nothing of a run but whether lists show it. A run that is tried again is no longer dismissed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from videomoments.core.errors import Conflict, NotFound
from videomoments.db.session import Database

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
_STATUS = text("SELECT status FROM pipeline_history WHERE identifier = :id")


class Dismissal:
    """Use-cases on what lists leave out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dismiss(self, request_id: str) -> datetime:
        """When the run was dismissed, now or earlier. Raises NotFound, or Conflict (`run_not_failed`)."""
        async with self._database.transaction() as session:
            dismissed: datetime | None = await session.scalar(_DISMISS, {"id": request_id})
            if dismissed is not None:
                return dismissed
            status = await session.scalar(_STATUS, {"id": request_id})
        if status is None:
            raise _no_such_run()
        raise Conflict(f"Only a run that failed or was cancelled can be dismissed: this one is {status}.", code="run_not_failed")

    async def dismiss_failed(self) -> list[str]:
        """Dismisses every failed run, dead letters too; the request ids of those that were not dismissed before."""
        async with self._database.transaction() as session:
            return list(await session.scalars(_DISMISS_ALL))

    async def bring_back(self, request_id: str) -> None:
        """Lists show the run again. Raises NotFound."""
        async with self._database.transaction() as session:
            if await session.scalar(_BRING_BACK, {"id": request_id}) is None:
                raise _no_such_run()


def _no_such_run() -> NotFound:
    return NotFound("There is no such run.", code="run_not_found")
