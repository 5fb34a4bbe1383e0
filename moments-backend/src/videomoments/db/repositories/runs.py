"""The statements behind `services.runs`: each is a transition's one decision, made by PostgreSQL."""

from __future__ import annotations

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from videomoments.core.names import StageName

# The run with its stages, unless the queue is full, the video is gone or busy, or the key was used.
INSERT = text("""
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
# One statement decides who works: only rows that nobody holds, or whose holders' leases have lapsed. A lapsed lease counts as a crash,
# unless it lapsed while PostgreSQL itself was down: nobody could renew then. For as many claims as come together; rows are locked in one
# order by all who lock several, or two of them would wait for each other.
CLAIM = text("""
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
              run.waiting_for, run.waiting_since IS NOT NULL AS waited
""")
# Run by the lease thread on its own connection (asyncpg's own parameter style). Not of a run that was handed back a moment ago.
RENEW = """
    WITH held AS (
        SELECT run.id FROM unnest($1::bigint[], $2::bigint[]) AS mine (id, attempt)
        JOIN pipeline_history AS run ON run.id = mine.id AND run.attempt = mine.attempt
        WHERE run.status = 'processing' AND run.lease_until IS NOT NULL ORDER BY run.id FOR NO KEY UPDATE OF run
    )
    UPDATE pipeline_history SET lease_until = now() + make_interval(secs => $3) FROM held WHERE pipeline_history.id = held.id
    RETURNING pipeline_history.id, pipeline_history.attempt, cancel_requested_at IS NOT NULL AS cancelled
"""
# Not FOR SHARE: two transactions that share the row, one of which then changes it, and a renewal between them make a deadlock.
FENCE = text("SELECT 1 FROM pipeline_history WHERE id = :id AND attempt = :attempt AND status = 'processing' FOR NO KEY UPDATE")
HAND_BACK = text("""
    UPDATE pipeline_history SET lease_until = NULL, owner = NULL, enqueued_at = NULL
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING queued_at
""")
# Of a run that waits: nobody takes it before its time.
DEFER = text("""
    UPDATE pipeline_history SET lease_until = NULL, owner = NULL, enqueued_at = NULL, stream_entry = NULL, waits = waits + 1,
           retry_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING cancel_requested_at IS NOT NULL AS cancelled
""")
# Both fenced. The first answers how long the run has waited already, over all attempts, since it last had an answer.
WAIT = text("""
    UPDATE pipeline_history SET waiting_for = :what, waiting_since = coalesce(waiting_since, now())
    WHERE id = :id AND attempt = :attempt AND status = 'processing'
    RETURNING extract(epoch FROM now() - waiting_since) AS seconds
""")
WAIT_NO_MORE = text("""
    UPDATE pipeline_history SET waiting_for = NULL, waiting_since = CASE WHEN :answered THEN NULL ELSE waiting_since END
    WHERE id = :id AND attempt = :attempt AND status = 'processing' RETURNING id
""")
# Whose lease lapsed without a crash (frozen, or cut off from the database) takes back the crash that the next claim counted. Not for
# ever: a run that keeps its workers from renewing is a dead letter in the end, too.
FORGIVE = text("""
    UPDATE pipeline_history SET crashes = :crashes
    WHERE id = :id AND attempt = :attempt + 1 AND crashes = :crashes + 1 AND status = 'processing' AND attempt - waits <= :patience
""")
# What Redis is told of a run that has ended.
_ENDED = """
    run.id, run.attempt, run.crashes, run.kind, run.config, run.note,
    run.created_at, run.started_at, run.completed_at, run.duration_seconds,
    (SELECT json_agg(json_build_object('name', stage.name, 'status', stage.status, 'started_at', stage.started_at,
            'completed_at', stage.completed_at, 'reason', stage.reason) ORDER BY position)
     FROM pipeline_stages AS stage WHERE stage.run_id = run.id) AS stages
"""
ENDED = text(f"SELECT {_ENDED} FROM pipeline_history AS run WHERE run.id = :id")  # noqa: S608
FINISH = text("""
    UPDATE pipeline_history
    SET status = :status, completed_at = now(), duration_seconds = extract(epoch FROM now() - coalesce(started_at, now())),
        error_stage = :error_stage, error_code = :error_code, error_message = :error_message, error_advice = :error_advice,
        note = :note, lease_until = NULL, owner = NULL, waiting_for = NULL, waiting_since = NULL, retry_at = NULL
    WHERE id = :id AND attempt = :attempt AND status = 'processing'
    RETURNING id
""")
# The ends of runs that have nothing more to say than a note, as many as come together.
COMPLETE = text(f"""
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
    RETURNING {_ENDED}
""")  # noqa: S608
# Of a run that ends early: the stage it was in ends as the run does, and those it never came to are skipped.
END_STAGES = text("""
    UPDATE pipeline_stages SET completed_at = now(), progress = NULL,
           status = CASE status WHEN 'processing' THEN CAST(:status AS text) ELSE 'skipped' END,
           reason = CASE status WHEN 'processing' THEN :reason ELSE 'the run ' || :ended || ' before this stage' END
    WHERE run_id = :id AND status IN ('processing', 'pending')
""")
# Whatever its end is: what was kept for another attempt.
FORGET_PARTS = text("DELETE FROM transcript_parts WHERE run_id = :id")
# The reconciler may have been quicker, and the run may even have ended.
ANNOUNCED = text("""
    UPDATE pipeline_history SET enqueued_at = coalesce(enqueued_at, now()), stream_entry = coalesce(stream_entry, :entry)
    WHERE identifier = :id RETURNING status
""")
# What `uq_pipeline_history_active` refuses.
CONFLICTING = text("""
    SELECT run.identifier, run.status FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE videos.identifier = :video_id AND run.status IN ('queued', 'processing') AND run.kind <> 'clips' AND :kind <> 'clips' LIMIT 1
""")
# The active run that keeps another of the same video from being queued again.
BESIDE = text("""
    SELECT active.identifier, active.status FROM pipeline_history AS run JOIN pipeline_history AS active ON active.video_id = run.video_id
    WHERE run.identifier = :request_id AND active.id <> run.id AND active.kind <> 'clips'
      AND active.status IN ('queued', 'processing') LIMIT 1
""")
OF_KEY = text("""
    SELECT run.identifier, run.status, videos.identifier AS video FROM pipeline_history AS run JOIN videos ON videos.id = run.video_id
    WHERE run.idempotency_key = :key
""")
# Queues an ended run again when a user asks for it. Completed stages stay completed; all others are run again.
RETRY = text("""
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
RESET_STAGES = text("""
    UPDATE pipeline_stages SET status = 'pending', started_at = NULL, completed_at = NULL, reason = NULL, progress = NULL
    WHERE run_id = :id AND status <> 'completed'
""")
CANCEL = text("""
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
