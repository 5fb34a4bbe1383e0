"""Pages of one video's runs, and whether the installation can take work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from videomoments.core.config import Settings
from videomoments.db.migrate import HEAD
from videomoments.db.session import Database
from videomoments.services.run_queries import RunQueries, RunView

# A worker that has not been seen for so long is not counted on (F34: not ready within 30 s).
_WORKER_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """`oldest_queued_seconds` is the age of the run that has waited longest."""

    migrated: bool
    workers: int
    queued: int
    oldest_queued_seconds: float

    @property
    def ready(self) -> bool:
        return self.migrated and self.workers > 0


class RunPages(RunQueries):
    """`RunQueries` for the API's lists and probes."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings)

    async def of_video(self, video_id: str, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[RunView]:
        """The runs of a video, newest first, older than the key `before` (created_at, run_id)."""
        values: dict[str, Any] = {"video": video_id, "limit": limit}
        where = "WHERE videos.identifier = :video"
        if before is not None:
            where += " AND (run.created_at, run.id) < (:created, :id)"
            values |= {"created": before[0], "id": before[1]}
        return await self._select(f"{where} ORDER BY run.created_at DESC, run.id DESC LIMIT :limit", values)

    async def readiness(self) -> Readiness:
        """Raises ServiceUnavailable when PostgreSQL is away."""
        async with self._database.transaction() as session:
            if await session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                return Readiness(False, 0, 0, 0.0)
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
            statement = text(
                "SELECT count(*) AS queued, coalesce(extract(epoch FROM now() - min(queued_at)), 0) AS age, "
                "(SELECT count(*) FROM workers WHERE seen_at > now() - make_interval(secs => :seconds)) AS workers "
                "FROM pipeline_history WHERE status = 'queued'"
            )
            row = (await session.execute(statement, {"seconds": _WORKER_SECONDS})).one()
        return Readiness(revision == HEAD, int(row.workers), int(row.queued), float(row.age))

    async def ping(self) -> None:
        """Raises ServiceUnavailable when PostgreSQL is away."""
        async with self._database.transaction() as session:
            await session.execute(text("SELECT 1"))
