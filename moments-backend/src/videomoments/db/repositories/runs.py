"""The statements behind `services.runs`. Each makes one transition's decision in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from videomoments.core.names import StageName
from videomoments.db.session import AlreadyThere, Executor, Session

# Inserts the run with its stages, unless the queue is full, the video is gone or busy, or the key was used.
_INSERT = text("""
    WITH run AS (
        INSERT INTO pipeline_history (identifier, video_id, status, kind, config, idempotency_key)
        SELECT :request_id, id, 'queued', :kind, :config, :idempotency_key FROM videos
        WHERE identifier = :video_id AND deleted_at IS NULL
          AND (SELECT count(*) FROM (SELECT 1 FROM pipeline_history WHERE status = 'queued' LIMIT :cap) AS queued) < :cap
        ON CONFLICT DO NOTHING RETURNING id, queued_at
    )
    INSERT INTO pipeline_stages (run_id, position, name, status, executions)
    SELECT run.id, stage.position, stage.name, 'pending', 0
    FROM run, unnest(CAST(:stages AS text[])) WITH ORDINALITY AS stage (name, position)
    RETURNING (SELECT queued_at FROM run) AS queued_at
""").bindparams(bindparam("config", type_=JSONB), stages=[name.value for name in StageName])
# One statement decides which worker gets a run: only rows that nobody holds, or whose leases have lapsed. A lapsed lease counts as a crash,
# unless it lapsed while PostgreSQL itself was down and nobody could renew. It takes many claims at once. Everyone who locks several rows
# locks them in one order, or two would wait for each other.
_CLAIM = text("""
    WITH free AS (
        SELECT run.id, claim.owner FROM unnest(CAST(:request_ids AS text[]), CAST(:owners AS text[])) AS claim (identifier, owner)
        JOIN pipeline_history AS run ON run.identifier = claim.identifier
        WHERE run.status IN ('queued', 'processing')
          AND run.cancel_requested_at IS NULL AND (run.lease_until IS NULL OR run.lease_until < now())
          AND (run.retry_at IS NULL OR run.retry_at <= now())
        ORDER BY run.id FOR NO KEY UPDATE OF run
    )
    UPDATE pipeline_history AS run
    SET attempt = attempt + 1, retry_at = NULL, owner = free.owner, status = 'processing', started_at = coalesce(started_at, now()),
        crashes = crashes + CASE WHEN lease_until IS NULL OR lease_until < pg_postmaster_start_time() THEN 0 ELSE 1 END,
        lease_until = now() + make_interval(secs => :lease)
    FROM free, videos WHERE run.id = free.id AND videos.id = run.video_id
    RETURNING run.id, run.identifier, run.video_id, videos.identifier AS video_identifier, run.kind, run.attempt, run.crashes, run.config,
              run.waiting_for, run.waiting_since IS NOT NULL
""")
# Not FOR SHARE: when two transactions share the row and one of them then changes it, a renewal between them makes a deadlock.
_FENCE = text("SELECT 1 FROM pipeline_history WHERE id = :id AND attempt = :attempt AND status = 'processing' FOR NO KEY UPDATE")
_HAND_BACK = text("""
    UPDATE pipeline_history SET lease_until = NULL, owner = NULL, enqueued_at = NULL
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING queued_at
""")
# Releases a run that waits. No worker takes it before `retry_at`.
_DEFER = text("""
    UPDATE pipeline_history SET lease_until = NULL, owner = NULL, enqueued_at = NULL, stream_entry = NULL, waits = waits + 1,
           retry_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING cancel_requested_at IS NOT NULL AS cancelled
""")
# Both are fenced. The first returns how long the run has waited already, over all attempts, since what it waited for last worked.
_WAIT = text("""
    UPDATE pipeline_history SET waiting_for = :what, waiting_since = coalesce(waiting_since, now())
    WHERE id = :id AND attempt = :attempt AND status = 'processing'
    RETURNING extract(epoch FROM now() - waiting_since) AS seconds
""")
_WAIT_NO_MORE = text("""
    UPDATE pipeline_history SET waiting_for = NULL, waiting_since = CASE WHEN :answered THEN NULL ELSE waiting_since END
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING id
""")
# A process whose lease lapsed without a crash (it hung, or lost the database) takes back the crash that the next claim counted. Not without
# limit: a run that keeps its workers from renewing becomes a dead letter, too.
_FORGIVE = text("""
    UPDATE pipeline_history SET crashes = :crashes
    WHERE id = :id AND attempt = :attempt + 1 AND crashes = :crashes + 1 AND status = 'processing' AND attempt - waits <= :patience
""")
# What Redis shows of a run that has ended.
_ENDED_COLUMNS = """
    run.id, run.attempt, run.crashes, run.kind, run.config, run.note,
    run.created_at, run.started_at, run.completed_at, run.duration_seconds,
    (SELECT json_agg(json_build_object('name', stage.name, 'status', stage.status, 'started_at', stage.started_at,
            'completed_at', stage.completed_at, 'reason', stage.reason) ORDER BY position)
     FROM pipeline_stages AS stage WHERE stage.run_id = run.id) AS stages
"""
_ENDED = text(f"SELECT {_ENDED_COLUMNS} FROM pipeline_history AS run WHERE run.id = :id")  # noqa: S608
_FINISH = text("""
    UPDATE pipeline_history
    SET status = :status, completed_at = now(), duration_seconds = extract(epoch FROM now() - coalesce(started_at, now())),
        error_stage = :error_stage, error_code = :error_code, error_message = :error_message, error_advice = :error_advice,
        note = :note, lease_until = NULL, owner = NULL, waiting_for = NULL, waiting_since = NULL, retry_at = NULL
    WHERE id = :id AND attempt = :attempt AND status = 'processing'
    RETURNING id
""")
# Ends completed runs, which need no more than a note, many at once.
_COMPLETE = text(f"""
    WITH mine AS (
        SELECT run.id, ending.note
        FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS bigint[]), CAST(:notes AS text[])) AS ending (id, attempt, note)
        JOIN pipeline_history AS run ON run.id = ending.id AND run.attempt = ending.attempt
        WHERE run.status = 'processing' ORDER BY run.id FOR NO KEY UPDATE OF run
    ), unneeded AS (DELETE FROM transcript_parts USING mine WHERE transcript_parts.run_id = mine.id)
    UPDATE pipeline_history AS run
    SET status = 'completed', completed_at = now(), duration_seconds = extract(epoch FROM now() - coalesce(started_at, now())),
        note = mine.note, lease_until = NULL, owner = NULL, waiting_for = NULL, waiting_since = NULL, retry_at = NULL
    FROM mine WHERE run.id = mine.id
    RETURNING {_ENDED_COLUMNS}
""")  # noqa: S608
# Ends the stages of a run that ends early: the current one gets the run's status, and those not reached are skipped.
_END_STAGES = text("""
    UPDATE pipeline_stages SET completed_at = now(), progress = NULL,
           status = CASE status WHEN 'processing' THEN CAST(:status AS text) ELSE 'skipped' END,
           reason = CASE status WHEN 'processing' THEN :reason ELSE 'the run ' || :ended || ' before this stage' END
    WHERE run_id = :id AND status IN ('processing', 'pending')
""")
# Removes the parts that were stored for another attempt, whatever the end.
_FORGET_PARTS = text("DELETE FROM transcript_parts WHERE run_id = :id")
# The reconciler may have added an entry already, and the run may even have ended.
_ANNOUNCED = text("""
    UPDATE pipeline_history SET enqueued_at = coalesce(enqueued_at, now()), stream_entry = coalesce(stream_entry, :entry)
    WHERE identifier = :id RETURNING status
""")
# Selects the run for which `uq_pipeline_history_active` refuses another.
_CONFLICTING = text("""
    SELECT run.identifier, run.status FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE videos.identifier = :video_id AND run.status IN ('queued', 'processing') AND run.kind <> 'clips' AND :kind <> 'clips' LIMIT 1
""")
# Selects the active run that keeps another of the same video from being queued again.
_BESIDE = text("""
    SELECT active.identifier, active.status FROM pipeline_history AS run JOIN pipeline_history AS active ON active.video_id = run.video_id
    WHERE run.identifier = :request_id AND active.id <> run.id AND active.kind <> 'clips'
      AND active.status IN ('queued', 'processing') LIMIT 1
""")
_OF_KEY = text("""
    SELECT run.identifier, run.status, videos.identifier AS video_identifier
    FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE run.idempotency_key = :key
""")
# Queues an ended run again when a user asks for it. Completed stages stay completed; all others are run again.
_RETRY = text("""
    UPDATE pipeline_history AS run
    SET status = 'queued', queued_at = now(), config = :config, crashes = 0,
        started_at = NULL, completed_at = NULL, duration_seconds = NULL,
        error_stage = NULL, error_code = NULL, error_message = NULL, error_advice = NULL, note = NULL,
        cancel_requested_at = NULL, enqueued_at = NULL, stream_entry = NULL,
        waiting_for = NULL, waiting_since = NULL, retry_at = NULL, dismissed_at = NULL
    FROM videos
    WHERE run.identifier = :request_id AND run.status IN ('failed', 'cancelled')
      AND videos.id = run.video_id AND videos.deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM pipeline_history AS newer
                      WHERE newer.video_id = run.video_id AND newer.kind = run.kind AND newer.kind <> 'clips' AND newer.id > run.id)
      AND (SELECT count(*) FROM (SELECT 1 FROM pipeline_history WHERE status = 'queued' LIMIT :cap) AS queued) < :cap
    RETURNING run.id, run.attempt, run.queued_at, videos.identifier AS video_identifier
""").bindparams(bindparam("config", type_=JSONB))
_RESET_STAGES = text("""
    UPDATE pipeline_stages SET status = 'pending', started_at = NULL, completed_at = NULL, reason = NULL, progress = NULL
    WHERE run_id = :id AND status <> 'completed'
""")
_CANCEL = text("""
    UPDATE pipeline_history AS run
    SET cancel_requested_at = coalesce(cancel_requested_at, now()),
        status = CASE WHEN held THEN run.status ELSE 'cancelled' END,
        started_at = run.started_at, completed_at = CASE WHEN held THEN NULL ELSE now() END,
        duration_seconds = CASE WHEN held THEN NULL ELSE extract(epoch FROM now() - coalesce(run.started_at, now())) END,
        lease_until = CASE WHEN held THEN run.lease_until END, owner = CASE WHEN held THEN run.owner END,
        waiting_for = CASE WHEN held THEN run.waiting_for END, waiting_since = CASE WHEN held THEN run.waiting_since END, retry_at = NULL
    FROM (SELECT id, lease_until IS NOT NULL AND lease_until > now() AS held FROM pipeline_history
          WHERE identifier = :request_id FOR UPDATE) AS before, videos
    WHERE run.id = before.id AND videos.id = run.video_id AND run.status IN ('queued', 'processing')
    RETURNING run.id, run.status, run.attempt, videos.identifier AS video_identifier
""")
_NOTE_ENTRY = text("UPDATE pipeline_history SET enqueued_at = now(), stream_entry = :entry WHERE id = :id AND owner IS NULL")
_STATUS = text("SELECT status FROM pipeline_history WHERE identifier = :id")
_STATE = text("""
    SELECT run.status, videos.deleted_at IS NOT NULL FROM pipeline_history AS run
    JOIN videos ON videos.id = run.video_id WHERE run.identifier = :id
""")
_QUEUED = text("SELECT count(*) FROM pipeline_history WHERE status = 'queued'")


class ClaimedRun(NamedTuple):
    """A run that a worker has just taken. `waited`: an earlier attempt waited for something, which has not worked since."""

    run_id: int
    request_id: str
    video_pk: int
    video_id: str
    kind: str
    attempt: int
    crashes: int
    config: dict[str, Any]
    waiting_for: str | None
    waited: bool


class EndedRun(NamedTuple):
    """The facts that are shown of a run that has ended."""

    run_id: int
    attempt: int
    crashes: int
    kind: str
    config: dict[str, Any]
    note: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime
    duration_seconds: float | None
    stages: list[dict[str, Any]] | None


class EndReason(NamedTuple):
    """Why a run failed, and in which stage; all None for one that was cancelled."""

    stage: str | None
    code: str | None
    message: str | None
    advice: str | None


class RetriedRun(NamedTuple):
    run_id: int
    attempt: int
    queued_at: datetime
    video_id: str


class CancelledRun(NamedTuple):
    """A run that is to end. `status` is `cancelled` where no worker held it."""

    run_id: int
    status: str
    attempt: int
    video_id: str


class BusyRun(NamedTuple):
    request_id: str
    status: str


class KeyedRun(NamedTuple):
    """The run of an idempotency key."""

    request_id: str
    status: str
    video_id: str


async def insert(
    db: Executor, *, request_id: str, video_id: str, kind: str, config: dict[str, Any], idempotency_key: str | None, cap: int
) -> datetime | None:
    """Queues a run. Returns when it was queued; None where the queue is full, the video is gone or busy, or the key was used."""
    values = {
        "request_id": request_id,
        "video_id": video_id,
        "kind": kind,
        "config": config,
        "idempotency_key": idempotency_key,
        "cap": cap,
    }
    row = (await db.execute(_INSERT, values)).first()
    return None if row is None else row.queued_at


async def claim(db: Executor, wanted: Mapping[str, str], lease: float) -> dict[str, ClaimedRun]:
    """Takes runs, by request id, for the owners in `wanted`. Leaves out those that can't be taken."""
    values = {"request_ids": list(wanted), "owners": list(wanted.values()), "lease": lease}
    return {run.request_id: run for run in (ClaimedRun._make(row) for row in await db.execute(_CLAIM, values))}


async def holds(session: Session, run_id: int, attempt: int) -> bool:
    """Returns whether the attempt holds the run. Locks the row until the transaction ends."""
    return await session.scalar(_FENCE, {"id": run_id, "attempt": attempt}) is not None


async def hand_back(session: Session, run_id: int, attempt: int) -> datetime | None:
    """Releases a run. Returns when it was queued; None where the attempt did not hold it."""
    queued_at: datetime | None = await session.scalar(_HAND_BACK, {"id": run_id, "attempt": attempt})
    return queued_at


async def note_entry(session: Session, run_id: int, entry: str) -> None:
    """Stores the stream entry of a run that was handed back, unless it is held again already."""
    await session.execute(_NOTE_ENTRY, {"id": run_id, "entry": entry})


async def defer(session: Session, run_id: int, attempt: int, seconds: float) -> bool | None:
    """Releases a run that waits. Returns whether it was cancelled meanwhile; None where the attempt did not hold it."""
    row = (await session.execute(_DEFER, {"id": run_id, "attempt": attempt, "seconds": seconds})).one_or_none()
    return None if row is None else bool(row.cancelled)


async def wait(db: Executor, run_id: int, attempt: int, what: str) -> float | None:
    """Stores what the run waits for. Returns how many seconds it has waited, over all attempts, since what it waited for last worked; None
    where the attempt does not hold it."""
    row = (await db.execute(_WAIT, {"id": run_id, "attempt": attempt, "what": what})).first()
    return None if row is None else float(row.seconds)


async def wait_no_more(db: Executor, run_id: int, attempt: int, *, answered: bool) -> bool:
    """Stores that the run no longer waits. With `answered`, a later wait counts from zero. Returns False where the attempt does not hold
    the run."""
    return (await db.execute(_WAIT_NO_MORE, {"id": run_id, "attempt": attempt, "answered": answered})).first() is not None


async def forgive(session: Session, run_id: int, attempt: int, *, crashes: int, patience: int) -> None:
    await session.execute(_FORGIVE, {"id": run_id, "attempt": attempt, "crashes": crashes, "patience": patience})


async def finish(session: Session, run_id: int, attempt: int, status: str, error: EndReason, note: str | None) -> bool:
    """Ends the row of a run that failed or was cancelled. Returns False where the attempt does not hold it."""
    values = {"id": run_id, "attempt": attempt, "status": status, "note": note}
    values |= {f"error_{name}": value for name, value in error._asdict().items()}
    return (await session.execute(_FINISH, values)).one_or_none() is not None


async def complete(db: Executor, endings: Sequence[tuple[int, int, str | None]]) -> dict[tuple[int, int], EndedRun]:
    """Completes runs, each given by (run, attempt, note). Leaves out those that their attempts no longer hold."""
    ids, attempts, notes = (list(column) for column in zip(*endings, strict=True))
    rows = await db.execute(_COMPLETE, {"ids": ids, "attempts": attempts, "notes": notes})
    return {(run.run_id, run.attempt): run for run in (EndedRun._make(row) for row in rows)}


async def end_stages(session: Session, run_id: int, status: str, reason: str | None) -> EndedRun:
    """Ends the stages of a run that failed or was cancelled, and removes the parts that were stored for another attempt. Returns the ended
    run."""
    ended = "was cancelled" if status == "cancelled" else "failed"
    await session.execute(_FORGET_PARTS, {"id": run_id})
    await session.execute(_END_STAGES, {"id": run_id, "status": status, "reason": reason, "ended": ended})
    return EndedRun._make((await session.execute(_ENDED, {"id": run_id})).one())


async def announced(db: Executor, request_id: str, entry: str) -> str | None:
    """Stores the stream entry of a new run. Returns the run's status; None where it is gone."""
    status: str | None = (await db.execute(_ANNOUNCED, {"id": request_id, "entry": entry})).scalar()
    return status


async def conflicting(session: Session, video_id: str, kind: str) -> BusyRun | None:
    """Returns the active run because of which no run of that kind can start, or None."""
    return _active((await session.execute(_CONFLICTING, {"video_id": video_id, "kind": kind})).one_or_none())


async def beside(db: Executor, request_id: str) -> BusyRun | None:
    """Returns the active run that keeps another of the same video from being queued again, or None."""
    return _active((await db.execute(_BESIDE, {"request_id": request_id})).first())


async def of_key(session: Session, key: str | None) -> KeyedRun | None:
    row = (await session.execute(_OF_KEY, {"key": key})).one_or_none()
    return None if row is None else KeyedRun._make(row)


async def retry(session: Session, request_id: str, config: dict[str, Any], cap: int) -> RetriedRun | None:
    """Queues an ended run again. Returns None where it has not failed, is not the newest, or the queue is full.

    Raises AlreadyThere while another run of the video is active.
    """
    try:
        row = (await session.execute(_RETRY, {"request_id": request_id, "config": config, "cap": cap})).one_or_none()
    except IntegrityError as error:
        raise AlreadyThere from error
    if row is None:
        return None
    await session.execute(_RESET_STAGES, {"id": row.id})
    return RetriedRun._make(row)


async def cancel(session: Session, request_id: str) -> CancelledRun | None:
    """Asks for the end of a run, and ends it where no worker holds it. Returns None where it has ended, or does not exist."""
    row = (await session.execute(_CANCEL, {"request_id": request_id})).one_or_none()
    return None if row is None else CancelledRun._make(row)


async def status_of(session: Session, request_id: str) -> str | None:
    status: str | None = await session.scalar(_STATUS, {"id": request_id})
    return status


async def state_of(session: Session, request_id: str) -> tuple[str, bool] | None:
    """Returns the run's status, and whether its video is deleted; None where there is no such run."""
    row = (await session.execute(_STATE, {"id": request_id})).one_or_none()
    return None if row is None else (row[0], row[1])


async def queued(session: Session) -> int:
    """Returns how many runs are queued."""
    return int((await session.execute(_QUEUED)).scalar_one())


def _active(row: Any) -> BusyRun | None:
    return None if row is None else BusyRun._make(row)
