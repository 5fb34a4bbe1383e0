"""Repairs what Redis lost, and retires dead workers. Runs in every worker; SKIP LOCKED distributes the rows among them."""

from __future__ import annotations

import logging

from videomoments.core.logging import log_context
from videomoments.db.repositories import upkeep
from videomoments.services.options import public_config
from videomoments.services.wiring import Services

log = logging.getLogger(__name__)

_BATCH = 100
# An entry that was read but not claimed for this long belongs to a consumer that died in between.
_STALE_READ_MS = 10_000


class Reconciler:
    """Puts lost runs back into the stream. `reconcile_seconds` lie between two passes."""

    def __init__(self, services: Services, consumer: str) -> None:
        self._services = services
        self._consumer = consumer
        self._pause = services.settings.reconcile_seconds

    async def run_once(self) -> int:
        """Runs one pass. Returns how many runs were put back into the stream."""
        await self._end_cancelled()
        added = await self._tend()
        await self._retire_workers()
        return added

    async def _end_cancelled(self) -> None:
        async with self._services.database.transaction() as session:
            left = await upkeep.left_cancelled(session)
        for request_id in left:
            await self._services.runs.request_cancel(request_id)

    async def _tend(self) -> int:
        async with self._services.database.transaction() as session:
            untended = await upkeep.take_untended(session, pause=self._pause, most=_BATCH)
        if not untended:
            return 0
        queue = self._services.queue
        await queue.ensure_group()
        added = 0
        for run in untended:
            entry = run.stream_entry
            # The old entry of a lapsed run still belongs to its dead consumer. The entry of a queued run may still be on its way.
            if entry is not None and await queue.waits(entry, stale_ms=_STALE_READ_MS if run.status == "queued" else 0):
                continue
            if entry is not None:
                await queue.drop(entry)
            fresh = await queue.add(
                request_id=run.request_id,
                video_id=run.video_id,
                config=public_config(run.config),
                requested_at=run.queued_at,
            )
            async with self._services.database.transaction() as session:
                await upkeep.note_entry(session, run.run_id, fresh)
            added += 1
            with log_context(request_id=run.request_id, video_id=run.video_id):
                log.info("in the stream again")
        return added

    async def _retire_workers(self) -> None:
        lease = self._services.settings.lease_seconds
        async with self._services.database.transaction() as session:
            live = await upkeep.retire_workers(session, lease)
        await self._services.queue.reap_consumers(self._consumer, live=live, idle_ms=int(lease * 2000))
