"""What a storm or a fault may not leave behind, once it is calm and a sweep has gone through."""

from __future__ import annotations

import contextlib

import psutil
from sqlalchemy import text

from faults.state import misnamed
from support.workers import until
from videomoments.coordination import redis_keys
from videomoments.services.wiring import Services
from videomoments.storage import ObjectStore
from videomoments.worker.sweeper import Sweeper

_LIVE_WORKERS = text("SELECT name FROM workers WHERE seen_at > now() - interval '1 second'")
_ADVISORY = text("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")
# What is kept of a run only while it lasts.
_WAITING = text("""
    SELECT identifier FROM pipeline_history
    WHERE completed_at IS NOT NULL AND (waiting_for IS NOT NULL OR waiting_since IS NOT NULL OR retry_at IS NOT NULL)
""")
_PARTS = text("SELECT DISTINCT identifier FROM transcript_parts JOIN pipeline_history ON id = run_id WHERE completed_at IS NOT NULL")
_SETTLE_SECONDS = 60.0


async def left_behind(services: Services, store: ObjectStore) -> list[str]:
    """What is there after one sweep and should not be. No worker runs any more."""

    async def settled() -> bool:
        return await services.queue.depth() == 0

    with contextlib.suppress(AssertionError):
        await until(settled, _SETTLE_SECONDS)
    await swept(services, store)
    found = [f"object {key}" for key in await misnamed(services, store)]
    found += [f"folder {path.name}" for path in services.settings.work_folder.glob("*")]
    found += await leftover_keys(services)
    async with services.database.transaction() as session:
        found += [f"advisory lock {number}" for number in await session.scalars(_ADVISORY)]
        found += [f"worker {name}" for name in await session.scalars(_LIVE_WORKERS)]
        found += [f"wait of {name}" for name in await session.scalars(_WAITING)]
        found += [f"answered parts of {name}" for name in await session.scalars(_PARTS)]
    return found


async def swept(services: Services, store: ObjectStore) -> int:
    """One sweep, as a worker does it; answers how many objects it took away."""
    sweeper = Sweeper(services, store)
    await sweeper.sweep_machine()
    await sweeper.sweep_shared()
    return await sweeper.sweep_store()


async def leftover_keys(services: Services) -> list[str]:
    """Entries of the stream, locks, and keys that live for ever without being on the short list of those that must."""
    found = [f"entry {entry}" for entry, _ in await services.redis.xrange(redis_keys.STREAM)]
    found += [f"lock {key}" async for key in services.redis.scan_iter(redis_keys.lock("*"))]
    exempt = ("model:config:", redis_keys.STREAM)
    cursor = 0
    while True:
        cursor, batch = await services.redis.scan(cursor, count=1000)
        async with services.redis.pipeline(transaction=False) as pipe:
            for key in batch:
                pipe.ttl(key)
            ttls = await pipe.execute()
        found += [f"key {key}" for key, ttl in zip(batch, ttls, strict=True) if ttl == -1 and not key.startswith(exempt)]
        if cursor == 0:
            return found


async def consumers(services: Services) -> list[str]:
    """The stream's consumers: those of workers that were killed are retired two leases later."""
    return [f"consumer {row['name']}" for row in await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP)]


def processes_of(folder: str, *modules: str) -> list[psutil.Process]:
    """Processes that run one of the modules and are told by their TMPDIR: nobody else has one below `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            words = process.info["cmdline"] or []
            if any(module in words for module in modules) and process.environ().get("TMPDIR", "").startswith(folder):
                found.append(process)
    return found
