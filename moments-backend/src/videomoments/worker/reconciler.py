"""Repairs whatever Redis lost, and retires dead workers. Runs in every worker; rows are shared out by SKIP LOCKED."""

from __future__ import annotations

import logging

from sqlalchemy import text

from videomoments.core.logging import log_context
from videomoments.services.options import public_config
from videomoments.services.wiring import Services

log = logging.getLogger(__name__)

_BATCH = 100
# An entry that was read but not claimed for this long belongs to a consumer that died in between.
_STALE_READ_MS = 10_000

_LEFT_CANCELLED = text("""
    SELECT identifier FROM pipeline_history
    WHERE status IN ('queued', 'processing') AND cancel_requested_at IS NOT NULL AND (lease_until IS NULL OR lease_until < now()) LIMIT 100
""")
# Rows that nobody works on. Stamped before the entry is added: another worker's pass leaves them alone for a while.
_UNTENDED = text("""
    WITH untended AS (
        SELECT id, stream_entry FROM pipeline_history
        WHERE cancel_requested_at IS NULL AND (enqueued_at IS NULL AND created_at < now() - interval '1 second'
              OR enqueued_at < now() - make_interval(secs => :pause))
          AND (status = 'queued' OR status = 'processing' AND (lease_until IS NULL OR lease_until < now()))
          AND (retry_at IS NULL OR retry_at <= now())
        ORDER BY enqueued_at NULLS FIRST, created_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE pipeline_history AS run SET enqueued_at = now() FROM untended, videos
    WHERE run.id = untended.id AND videos.id = run.video_id
    RETURNING run.id, run.identifier, run.queued_at, run.status, run.config, untended.stream_entry, videos.identifier AS video_identifier
""")
_ENTRY = text("UPDATE pipeline_history SET stream_entry = :entry WHERE id = :id")
_GONE_WORKERS = text("DELETE FROM workers WHERE seen_at < now() - make_interval(secs => :lease)")
_LIVE_WORKERS = text("SELECT name FROM workers WHERE seen_at > now() - make_interval(secs => :lease)")


class Reconciler:
    """`pause` seconds lie between two passes."""

    def __init__(self, services: Services, consumer: str) -> None:
        self._services = services
        self._consumer = consumer
        self._pause = services.settings.reconcile_seconds

    async def run_once(self) -> int:
        """One pass; returns how many runs were put back into the stream."""
        await self._end_cancelled()
        added = await self._tend()
        await self._retire_workers()
        return added

    async def _end_cancelled(self) -> None:
        async with self._services.database.transaction() as session:
            left = list(await session.scalars(_LEFT_CANCELLED))
        for request_id in left:
            await self._services.runs.request_cancel(request_id)

    async def _tend(self) -> int:
        values = {"pause": self._pause, "batch": _BATCH}
        async with self._services.database.transaction() as session:
            rows = (await session.execute(_UNTENDED, values)).mappings().all()
        if not rows:
            return 0
        queue = self._services.queue
        await queue.ensure_group()
        added = 0
        for row in sorted(rows, key=lambda row: row["queued_at"]):  # an UPDATE answers in any order
            entry = row["stream_entry"]
            # A lapsed run's old entry hangs at its dead consumer: a queued one's may still be on its way.
            if entry is not None and await queue.waits(entry, stale_ms=_STALE_READ_MS if row["status"] == "queued" else 0):
                continue
            if entry is not None:
                await queue.drop(entry)
            fresh = await queue.add(
                request_id=row["identifier"],
                video_id=row["video_identifier"],
                config=public_config(row["config"]),
                requested_at=row["queued_at"],
            )
            async with self._services.database.transaction() as session:
                await session.execute(_ENTRY, {"id": row["id"], "entry": fresh})
            added += 1
            with log_context(request_id=row["identifier"], video_id=row["video_identifier"]):
                log.info("in the stream again")
        return added

    async def _retire_workers(self) -> None:
        lease = self._services.settings.lease_seconds
        async with self._services.database.transaction() as session:
            await session.execute(_GONE_WORKERS, {"lease": lease * 2})
            live = set(await session.scalars(_LIVE_WORKERS, {"lease": lease}))
        await self._services.queue.reap_consumers(self._consumer, live=live, idle_ms=int(lease * 2000))
