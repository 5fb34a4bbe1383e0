"""What is asked about runs: status, history, lists; and whether the installation can take work.

All of it is read from PostgreSQL, so that Redis may be emptied at any time (F30, F32).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from videomoments.core.config import Settings
from videomoments.core.errors import NotFound
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.db.migrate import HEAD
from videomoments.db.session import Database
from videomoments.services.unrefined import Unrefined

# A worker that has not been seen for so long is not counted on (F34: not ready within 30 s).
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
    """Why a run failed. `code` is stable; `stage` is where."""

    stage: StageName | None
    code: str
    message: str
    advice: str | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it is shown. `stalled`: nobody works on it although it is active."""

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
        """The stage that is worked on, or at which the run ended."""
        broken = next((stage.name for stage in self.stages if stage.status in (StageStatus.FAILED, StageStatus.CANCELLED)), None)
        return self.current_stage or (self.error.stage if self.error else None) or broken


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are meant; None: any. `error_code` is an error's stable code, `dead_letter` among them; `since` and `until` bound the
    time of acceptance, `until` exclusively. `dismissed`: only those that were, or only the others."""

    status: RunStatus | None = None
    kind: RunKind | None = None
    stalled: bool | None = None
    error_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    dismissed: bool | None = None

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """SQL over `run`, and its values."""
        found: list[tuple[str, str, Any]] = [
            ("run.status = :status", "status", self.status and self.status.value),
            ("run.kind = :kind", "kind", self.kind and self.kind.value),
            (f"({_STALLED}) = :stalled", "stalled", self.stalled),
            ("run.error_code = :code", "code", self.error_code),
            ("run.created_at >= :since", "since", self.since),
            ("run.created_at < :until", "until", self.until),
            ("(run.dismissed_at IS NOT NULL) = :dismissed", "dismissed", self.dismissed),
        ]
        given = [entry for entry in found if entry[2] is not None]
        return [condition for condition, _, _ in given], {name: value for _, name, value in given}


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


_STALLED = """
    (run.status = 'processing'
        AND coalesce(run.lease_until, greatest(run.enqueued_at, run.retry_at), run.queued_at) < now() - make_interval(secs => :grace))
    OR (run.status = 'queued' AND run.queued_at < now() - make_interval(secs => :grace)
        AND NOT EXISTS (SELECT 1 FROM workers WHERE seen_at > now() - make_interval(secs => :lease)))
"""
# Of a run that left moments unrefined: what it said, and how many of its moments (of those of the run that it refined) still are, by no
# person's hand.
_UNREFINED = """
    SELECT json_build_object('said', stage.checkpoint -> 'unrefined', 'left', (
        SELECT count(*) FROM moments AS original
        WHERE original.run_id = coalesce(
            (SELECT base.id FROM pipeline_history AS base WHERE base.identifier = run.config ->> 'refines'), run.id)
          AND original.parent_id IS NULL AND original.edited_at IS NULL AND original.deleted_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM moments AS refined WHERE refined.parent_id = original.id)))
    FROM pipeline_stages AS stage
    WHERE stage.run_id = run.id AND stage.name = 'MOMENT_REFINEMENT' AND (stage.checkpoint -> 'unrefined') IS NOT NULL
"""
_SELECT = """
    SELECT run.id, run.identifier, videos.identifier AS video_identifier, videos.title, run.kind, run.status, run.error_stage,
           run.error_code, run.error_message, run.error_advice, run.note,
           run.created_at, run.started_at, run.completed_at, run.duration_seconds,
           run.attempt, run.crashes, run.config, run.waiting_for, run.dismissed_at,
           CASE WHEN run.lease_until > now() THEN run.owner END AS owner,
           (STALLED) AS stalled, (UNREFINED) AS unrefined,
           (SELECT json_agg(json_build_object('name', name, 'status', stage.status, 'started_at', stage.started_at, 'completed_at',
                   stage.completed_at, 'reason', reason, 'progress', progress, 'executions', executions) ORDER BY position)
            FROM pipeline_stages AS stage WHERE stage.run_id = run.id) AS stages
    FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
""".replace("STALLED", _STALLED).replace("UNREFINED", _UNREFINED)


_ANY = RunFilter()


class RunQueries:
    """Questions about runs."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._clock = {"grace": min(5.0, settings.lease_seconds / 4), "lease": settings.lease_seconds}

    async def get(self, request_id: str) -> RunView:
        """Raises NotFound (`run_not_found`)."""
        found = await self._select("WHERE run.identifier = :id", {"id": request_id})
        if not found:
            raise NotFound("There is no such run.", code="run_not_found")
        return found[0]

    async def latest(self, video_id: str) -> RunView:
        """The newest run of a video. Raises NotFound: no such video, or it never had a run."""
        found = await self._select("WHERE videos.identifier = :id ORDER BY run.created_at DESC, run.id DESC LIMIT 1", {"id": video_id})
        if not found:
            raise NotFound("This video has no run.", code="run_not_found")
        return found[0]

    async def history(self, video_id: str, *, limit: int = 50) -> list[RunView]:
        """Newest first."""
        return await self._select(
            "WHERE videos.identifier = :id ORDER BY run.created_at DESC, run.id DESC LIMIT :limit", {"id": video_id, "limit": limit}
        )

    async def page(self, wanted: RunFilter = _ANY, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[RunView]:
        """All runs that are wanted, newest first, older than the key `before` (created_at, run_id)."""
        conditions, values = wanted.conditions()
        if before is not None:
            conditions.append("(run.created_at, run.id) < (:created, :id)")
            values |= {"created": before[0], "id": before[1]}
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return await self._select(f"{where}ORDER BY run.created_at DESC, run.id DESC LIMIT :limit", values | {"limit": limit})

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

    async def _select(self, where: str, values: dict[str, Any]) -> list[RunView]:
        rows: Sequence[Row[Any]] = (await self._database.statement(text(_SELECT + where), self._clock | values)).all()
        return [_view(row) for row in rows]


def _view(row: Row[Any]) -> RunView:
    stages = tuple(_stage(fields, row.waiting_for) for fields in row.stages or [])
    current = next((stage.name for stage in stages if stage.status is StageStatus.PROCESSING), None)
    error = None
    if row.error_code is not None:
        stage = StageName(row.error_stage) if row.error_stage else None
        error = RunError(stage, row.error_code, row.error_message or "", row.error_advice)
    return RunView(
        run_id=row.id,
        request_id=row.identifier,
        video_id=row.video_identifier,
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
