"""Deletes videos: hides them at once, restores them while there is time, then removes objects, rows and keys (F63).

Each step may be repeated, so no lease is needed: a worker's sweep continues where a killed one stopped.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from redis.asyncio import Redis

from videomoments.coordination import redis_keys
from videomoments.coordination.redis import best_effort
from videomoments.core.errors import Conflict, NotFound
from videomoments.db.repositories import deletion as repository
from videomoments.db.session import AlreadyThere, Database
from videomoments.services.runs import Runs
from videomoments.storage.layout import video_prefix
from videomoments.storage.object_store import ObjectStore

RESTORE_LIFE = timedelta(minutes=10)
_POLL_SECONDS = 0.1


class Deletion:
    """Hides, restores and removes videos."""

    def __init__(self, database: Database, redis: Redis, runs: Runs) -> None:
        self._database = database
        self._redis = redis
        self._runs = runs

    async def hide(self, video_id: str) -> datetime:
        """Hides the video from everything but `restore`, and cancels its runs. Returns when it was hidden. Raises NotFound."""
        async with self._database.transaction() as session:
            hidden = await repository.hide(session, video_id)
        if hidden is None:
            raise NotFound("There is no such video.", code="video_not_found")
        await self._cancel(video_id)
        return hidden

    async def restore(self, video_id: str) -> None:
        """Shows a hidden video again. Raises NotFound when it is not hidden (any more), Conflict when its source was registered again
        meanwhile."""
        try:
            async with self._database.transaction() as session:
                if not await repository.restore(session, video_id):
                    raise NotFound("There is no deleted video of that name.", code="video_not_found")
        except AlreadyThere as error:
            raise Conflict("The same source is in the library again.", code="source_exists", advice="Use that video.") from error

    async def purge(self, video_id: str, store: ObjectStore, *, patience: float = 0.0) -> bool:
        """Cancels the video's runs, waits up to `patience` seconds for them to end, and removes everything. Returns False when a worker
        still holds a run, or the video was restored meanwhile: call it again then. Raises NotFound."""
        await self.hide(video_id)
        deadline = asyncio.get_running_loop().time() + patience
        while await self._cancel(video_id):
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        # Objects go first: the row is what tells a process after a crash that something is left.
        await store.delete_prefix(video_prefix(video_id))
        async with self._database.transaction() as session:
            runs = await repository.remove(session, video_id)
        if runs is None:
            return False
        async with best_effort("the deletion"):
            names = [make(video_id) for make in (redis_keys.active, redis_keys.lock, redis_keys.cancel, redis_keys.history)]
            await self._redis.delete(*names, *(redis_keys.run(run) for run in runs))
        return True

    async def purge_due(self, store: ObjectStore) -> int:
        """Removes the videos that can't be restored any more. Returns how many it removed."""
        async with self._database.transaction() as session:
            due = await repository.due(session, RESTORE_LIFE)
        gone = 0
        for video_id in due:
            gone += await self.purge(video_id, store)
        return gone

    async def _cancel(self, video_id: str) -> bool:
        """Asks all runs of the video to end. Returns whether one is still active."""
        async with self._database.transaction() as session:
            active = await repository.active_runs(session, video_id)
        return any([(await self._runs.request_cancel(request_id)).active for request_id in active])
