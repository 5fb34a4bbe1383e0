"""Queries behind the lists of runs, and on the size of the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text

from videomoments.db.session import Executor, Session
from videomoments.db.tables import Run

_STALLED = """
    (run.status = 'processing'
        AND coalesce(run.lease_until, greatest(run.enqueued_at, run.retry_at), run.queued_at) < now() - make_interval(secs => :grace))
    OR (run.status = 'queued' AND run.queued_at < now() - make_interval(secs => :grace)
        AND NOT EXISTS (SELECT 1 FROM workers WHERE seen_at > now() - make_interval(secs => :lease)))
"""
# For a run that left moments unrefined: its own report, and how many of its moments (or of the run that it refined) are still unrefined and
# not edited by a user.
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
_CONDITIONS = {
    "video_id": "videos.identifier = :video_id",
    "status": "run.status = :status",
    "kind": "run.kind = :kind",
    "stalled": f"({_STALLED}) = :stalled",
    "error_code": "run.error_code = :error_code",
    "since": "run.created_at >= :since",
    "until": "run.created_at < :until",
    "dismissed": "(run.dismissed_at IS NOT NULL) = :dismissed",
}
_BACKLOG = text("""
    SELECT count(*) AS queued, coalesce(extract(epoch FROM now() - min(queued_at)), 0) AS age,
           (SELECT count(*) FROM workers WHERE seen_at > now() - make_interval(secs => :seconds)) AS workers
    FROM pipeline_history WHERE status = 'queued'
""")


class StallClock(NamedTuple):
    """Seconds: how long an active run may go untended before it counts as stalled, and for how long a worker counts as live after its last
    sign of life."""

    grace: float
    lease: float


class ListedRun(NamedTuple):
    """A run with its stages. `unrefined` holds its report on unrefined moments (`said`), and how many still are (`left`)."""

    run_id: int
    request_id: str
    video_id: str
    title: str
    kind: str
    status: str
    error_stage: str | None
    error_code: str | None
    error_message: str | None
    error_advice: str | None
    note: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    attempt: int
    crashes: int
    config: dict[str, Any]
    waiting_for: str | None
    dismissed_at: datetime | None
    owner: str | None
    stalled: bool | None
    unrefined: dict[str, Any] | None
    stages: list[dict[str, Any]] | None


class Backlog(NamedTuple):
    """The queue. `age` is how many seconds the longest-waiting run has waited."""

    queued: int
    age: float
    workers: int


async def find(db: Executor, clock: StallClock, request_id: str) -> ListedRun | None:
    found = await _select(db, clock, "WHERE run.identifier = :id", {"id": request_id})
    return found[0] if found else None


async def page(
    db: Executor,
    clock: StallClock,
    *,
    video_id: str | None = None,
    status: str | None = None,
    kind: str | None = None,
    stalled: bool | None = None,
    error_code: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    dismissed: bool | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> list[ListedRun]:
    """Returns runs, newest first, older than the key `before` (created_at, run_id). A filter that is None selects all."""
    wanted = {
        "video_id": video_id,
        "status": status,
        "kind": kind,
        "stalled": stalled,
        "error_code": error_code,
        "since": since,
        "until": until,
        "dismissed": dismissed,
    }
    values: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    conditions = [_CONDITIONS[name] for name in values]
    if before is not None:
        conditions.append("(run.created_at, run.id) < (:created, :id)")
        values |= {"created": before[0], "id": before[1]}
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    return await _select(db, clock, f"{where}ORDER BY run.created_at DESC, run.id DESC LIMIT :limit", values | {"limit": limit})


async def row_of(session: Session, request_id: str, *, video_pk: int | None = None) -> Run | None:
    """Returns the row of a run, or None; with `video_pk`, only if the run is of that video."""
    statement = select(Run).where(Run.identifier == request_id)
    return await session.scalar(statement if video_pk is None else statement.where(Run.video_id == video_pk))


async def revision(session: Session) -> str | None:
    """Returns the schema's revision; None where there is none."""
    if await session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


async def backlog(session: Session, seconds: float) -> Backlog:
    """Returns what is queued, and how many workers were seen within `seconds`."""
    row = (await session.execute(_BACKLOG, {"seconds": seconds})).one()
    return Backlog(int(row.queued), float(row.age), int(row.workers))


async def ping(session: Session) -> None:
    await session.execute(text("SELECT 1"))


async def _select(db: Executor, clock: StallClock, where: str, values: dict[str, Any]) -> list[ListedRun]:
    return [ListedRun._make(row) for row in await db.execute(text(_SELECT + where), clock._asdict() | values)]
