"""Dismisses runs that ended badly: lists leave them out, their video's history still shows them.

A dismissal changes only whether lists show the run. A run that is tried again is no longer dismissed.
"""

from __future__ import annotations

from datetime import datetime

from videomoments.core.errors import Conflict, NotFound
from videomoments.db.repositories import dismissal as repository
from videomoments.db.repositories import runs as run_repository
from videomoments.db.session import Database


class Dismissal:
    """Dismisses runs, and takes that back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dismiss(self, request_id: str) -> datetime:
        """Dismisses the run. Returns when it was dismissed, now or earlier. Raises NotFound, or Conflict (`run_not_failed`)."""
        async with self._database.transaction() as session:
            dismissed = await repository.dismiss(session, request_id)
            if dismissed is not None:
                return dismissed
            status = await run_repository.status_of(session, request_id)
        if status is None:
            raise _no_such_run()
        raise Conflict(f"Only a run that failed or was cancelled can be dismissed: this one is {status}.", code="run_not_failed")

    async def dismiss_failed(self) -> list[str]:
        """Dismisses every failed run, dead letters too. Returns the request ids of those that were not dismissed before."""
        async with self._database.transaction() as session:
            return await repository.dismiss_failed(session)

    async def bring_back(self, request_id: str) -> None:
        """Makes lists show the run again. Raises NotFound."""
        async with self._database.transaction() as session:
            if not await repository.bring_back(session, request_id):
                raise _no_such_run()


def _no_such_run() -> NotFound:
    return NotFound("There is no such run.", code="run_not_found")
