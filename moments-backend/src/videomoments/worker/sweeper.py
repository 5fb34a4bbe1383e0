"""Removes what nothing will use again: folders, objects, mirrors in Redis, and deleted videos. Runs in every worker."""

from __future__ import annotations

import asyncio
import logging
import shutil
from datetime import timedelta
from pathlib import Path

from videomoments.db.repositories import transcript_parts, upkeep
from videomoments.services.orphans import orphaned, outlived_audio
from videomoments.services.wiring import Services
from videomoments.storage.object_store import ObjectStore, StoredObject

log = logging.getLogger(__name__)

_BATCH = 500
# An upload into a folder writes all the time; a file without a write for this long was interrupted by a kill.
_PARTIAL_LIFE = timedelta(hours=1)


class Sweeper:
    """Every worker runs `sweep_machine`. Only the first of all live workers runs `sweep_shared`, and from time to time `sweep_store`."""

    def __init__(self, services: Services, store: ObjectStore) -> None:
        self._services = services
        self._store = store

    async def sweep_machine(self) -> None:
        """Removes folders of ended runs and partial uploads on this machine."""
        await self.sweep_folders(self._services.settings.work_folder)
        await self._store.sweep_partial(_PARTIAL_LIFE)

    async def sweep_shared(self) -> None:
        """Removes stale keys and entries in Redis, deleted videos whose time is over, and parts of recordings whose runs have ended."""
        await self.sweep_keys()
        await self.sweep_entries()
        await self._services.deletion.purge_due(self._store)
        await self._services.editing.remove_due()
        await transcript_parts.remove_left(self._services.database)

    async def is_first(self, name: str) -> bool:
        """Returns whether this worker sweeps for all."""
        async with self._services.database.transaction() as session:
            return await upkeep.first_worker(session, self._services.settings.lease_seconds) == name

    async def sweep_store(self) -> int:
        """Lists the whole store and removes objects that no row names (F60), and audio whose time is over. Returns how many."""
        removed = 0
        batch: list[StoredObject] = []
        async for found in self._store.list(""):
            batch.append(found)
            if len(batch) == _BATCH:
                removed += await self._remove_orphans(batch)
                batch.clear()
        removed += await self._remove_orphans(batch)
        if removed:
            log.info("%d objects that nothing needs any more were removed", removed)
        return removed

    async def _remove_orphans(self, batch: list[StoredObject]) -> int:
        gone = await orphaned(self._services.database, batch)
        if days := self._services.settings.audio_days:
            gone += await outlived_audio(self._services.database, batch, timedelta(days=days))
        for key in gone:
            await self._store.delete(key)
        return len(gone)

    async def sweep_folders(self, base: Path) -> int:
        """Removes temporary folders of runs that have ended (F61). Returns how many."""
        folders = {path.name: path for path in base.iterdir() if path.is_dir()} if base.is_dir() else {}
        if not folders:
            return 0
        async with self._services.database.transaction() as session:
            active = await upkeep.active(session, list(folders))
        ended = [path for name, path in folders.items() if name not in active]
        for path in ended:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        return len(ended)

    async def sweep_entries(self) -> int:
        """Removes entries whose runs have ended or are gone: a Redis that restarted without its last second shows them again. Returns how
        many."""
        removed = 0
        async for page in self._services.queue.pages():
            async with self._services.database.transaction() as session:
                active = await upkeep.active(session, [entry.request_id for entry in page])
            if idle := [entry.entry_id for entry in page if entry.request_id not in active]:
                await self._services.queue.drop(*idle)
                removed += len(idle)
        return removed

    async def sweep_keys(self) -> int:
        """Ends the mirrors of runs that ended while Redis was away, and removes ids from the histories whose hashes are gone (F33). Returns
        how many mirrors."""
        async with self._services.database.transaction() as session:
            await self._services.runs.history.trim(await upkeep.clock(session))
        status = self._services.runs.status
        shown = {request_id: video_id async for video_id, request_id in status.unended()}
        if not shown:
            return 0
        async with self._services.database.transaction() as session:
            ended = await upkeep.ended(session, list(shown))
        for request_id, final in ended.items():
            await status.settle(shown[request_id], request_id, {"status": final})
        return len(ended)
