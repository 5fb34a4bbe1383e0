"""Reads status, history and lists of runs, and whether the installation can take work.

All of it is read from PostgreSQL, so that Redis may be emptied at any time (F30, F32).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from videomoments.core.config import Settings
from videomoments.core.errors import NotFound
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.db.migrate import HEAD
from videomoments.db.repositories import run_queries as repository
from videomoments.db.repositories.run_queries import ListedRun, StallClock
from videomoments.db.session import Database
from videomoments.services.unrefined import Unrefined

# Seconds. A worker whose last sign of life is older does not count (F34: not ready within 30 s).
_WORKER_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a run. `progress` is 0 to 1 while it is processing."""

    name: StageName
    status: StageStatus
    started_at: datetime | None
    completed_at: datetime | None
    reason: str | None
    progress: float | None
    executions: int
    waiting_for: str | None = None
    """What it waits for while that is away: a model's key, or the name of another part."""

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.completed_at is None or self.status is StageStatus.SKIPPED:
            return None
        return (self.completed_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed. `code` is stable; `stage` is where it failed."""

    stage: StageName | None
    code: str
    message: str
    advice: str | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it is shown. `stalled`: no worker works on it although it is active."""

    run_id: int
    request_id: str
    video_id: str
    title: str
    kind: str
    status: RunStatus
    current_stage: StageName | None
    stalled: bool
    stages: tuple[StageView, ...]
    error: RunError | None
    note: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    attempt: int
    crashes: int
    config: dict[str, Any]
    unrefined: Unrefined | None = None
    owner: str | None = None
    """The live worker that holds it, by its consumer name."""
    waiting_for: str | None = None
    """What it waits for while that is away; its stage says so too."""
    dismissed_at: datetime | None = None

    @property
    def at(self) -> StageName | None:
        """Returns the stage that is worked on, or at which the run ended."""
        broken = next((stage.name for stage in self.stages if stage.status in (StageStatus.FAILED, StageStatus.CANCELLED)), None)
        return self.current_stage or (self.error.stage if self.error else None) or broken


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Selects runs; None selects any. `error_code` is an error's stable code, `dead_letter` among them. `since` and `until` bound the time
    of acceptance, `until` exclusively. `dismissed` selects only dismissed runs, or only the others."""

    status: RunStatus | None = None
    kind: RunKind | None = None
    stalled: bool | None = None
    error_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    dismissed: bool | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the installation can take work. `oldest_queued_seconds` is the age of the run that has waited longest."""

    migrated: bool
    workers: int
    queued: int
    oldest_queued_seconds: float

    @property
    def ready(self) -> bool:
        return self.migrated and self.workers > 0


_ANY = RunFilter()


class RunQueries:
    """Reads runs for the API and the command line."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._clock = StallClock(min(5.0, settings.lease_seconds / 4), settings.lease_seconds)

    async def get(self, request_id: str) -> RunView:
        """Returns one run. Raises NotFound (`run_not_found`)."""
        found = await repository.find(self._database, self._clock, request_id)
        if found is None:
            raise NotFound("There is no such run.", code="run_not_found")
        return _view(found)

    async def latest(self, video_id: str) -> RunView:
        """Returns the newest run of a video. Raises NotFound: no such video, or it never had a run."""
        found = await self.history(video_id, limit=1)
        if not found:
            raise NotFound("This video has no run.", code="run_not_found")
        return found[0]

    async def history(self, video_id: str, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[RunView]:
        """Returns the runs of a video, newest first, older than the key `before` (created_at, run_id)."""
        found = await repository.page(self._database, self._clock, video_id=video_id, before=before, limit=limit)
        return [_view(run) for run in found]

    async def page(self, wanted: RunFilter = _ANY, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[RunView]:
        """Returns the runs that the filter selects, newest first, older than the key `before` (created_at, run_id)."""
        found = await repository.page(
            self._database,
            self._clock,
            status=wanted.status.value if wanted.status else None,
            kind=wanted.kind.value if wanted.kind else None,
            stalled=wanted.stalled,
            error_code=wanted.error_code,
            since=wanted.since,
            until=wanted.until,
            dismissed=wanted.dismissed,
            before=before,
            limit=limit,
        )
        return [_view(run) for run in found]

    async def readiness(self) -> Readiness:
        """Returns the state of the schema, the workers and the queue. Raises ServiceUnavailable when PostgreSQL is unavailable."""
        async with self._database.transaction() as session:
            revision = await repository.revision(session)
            if revision is None:
                return Readiness(False, 0, 0, 0.0)
            found = await repository.backlog(session, _WORKER_SECONDS)
        return Readiness(revision == HEAD, found.workers, found.queued, found.age)

    async def ping(self) -> None:
        """Raises ServiceUnavailable when PostgreSQL is unavailable."""
        async with self._database.transaction() as session:
            await repository.ping(session)


def _view(row: ListedRun) -> RunView:
    stages = tuple(_stage(fields, row.waiting_for) for fields in row.stages or [])
    current = next((stage.name for stage in stages if stage.status is StageStatus.PROCESSING), None)
    error = None
    if row.error_code is not None:
        stage = StageName(row.error_stage) if row.error_stage else None
        error = RunError(stage, row.error_code, row.error_message or "", row.error_advice)
    return RunView(
        run_id=row.run_id,
        request_id=row.request_id,
        video_id=row.video_id,
        title=row.title,
        kind=row.kind,
        status=RunStatus(row.status),
        current_stage=current,
        stalled=bool(row.stalled),
        stages=stages,
        error=error,
        note=row.note,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        duration_seconds=row.duration_seconds,
        attempt=row.attempt,
        crashes=row.crashes,
        config=row.config,
        unrefined=Unrefined.from_json(row.unrefined["said"], row.unrefined["left"]) if row.unrefined else None,
        owner=row.owner,
        waiting_for=row.waiting_for,
        dismissed_at=row.dismissed_at,
    )


def _stage(fields: dict[str, Any], waiting_for: str | None) -> StageView:
    status = StageStatus(fields["status"])
    return StageView(
        name=StageName(fields["name"]),
        status=status,
        started_at=datetime.fromisoformat(fields["started_at"]) if fields["started_at"] else None,
        completed_at=datetime.fromisoformat(fields["completed_at"]) if fields["completed_at"] else None,
        reason=fields["reason"],
        progress=fields["progress"],
        executions=fields["executions"],
        waiting_for=waiting_for if status is StageStatus.PROCESSING else None,
    )
