"""The side of VideoMoments in the queue benchmark, with the calls of `benchmarks/peers`: the real consumer, and runs without stages."""

from __future__ import annotations

import asyncio
import signal
import sys

from benchmarks.peers import stamps
from videomoments.core.config import Limits, Settings
from videomoments.core.logging import configure_logging
from videomoments.db.migrate import upgrade
from videomoments.pipeline.orchestrator import Watch
from videomoments.services.options import RunOptions
from videomoments.services.runs import Claim
from videomoments.services.wiring import build_services
from videomoments.storage import configured_store
from videomoments.worker.consumer import Worker


async def work() -> None:
    """Works until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = build_services(Settings(limits=Limits(pipelines=stamps.CONCURRENCY)), pool_size=stamps.CONCURRENCY)

    async def nothing(claim: Claim, _: Watch) -> None:
        stamps.started(int(claim.snapshot.options.prompt))

    try:
        await Worker(services, nothing, configured_store(services.settings)).run(stop)
    finally:
        await services.close()


async def produce(first: int, count: int, pause: float) -> None:
    """Adds runs one after the other, each of its own video. Number 0 creates the tables as well."""
    settings = Settings()
    services = build_services(settings)
    try:
        if first == 0:
            await upgrade(services.database.url)
            await services.models.seed()
        snapshots = {number: await services.models.snapshot(RunOptions(prompt=str(number))) for number in range(first, first + count)}
        videos = {number: (await services.videos.register_url(f"https://example.com/{number}.mp4"))[0] for number in snapshots}
        for number, snapshot in snapshots.items():
            stamps.added(number)
            await services.runs.accept(videos[number].identifier, snapshot)
            await asyncio.sleep(pause)
    finally:
        await services.close()


if __name__ == "__main__":
    configure_logging("WARNING")
    asyncio.run(work() if sys.argv[1] == "worker" else produce(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
