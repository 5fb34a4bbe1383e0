"""`python worker_process.py stub|real`: a worker process as `moments worker` runs it, configured by the environment; `stub` has stages that
follow the run's prompt. `STALL_SECONDS` is the stub stages' longest silence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.stub_stages import stub_stages
from videomoments.core.config import settings
from videomoments.core.logging import configure_logging
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.services.runs import Claim
from videomoments.services.wiring import build_services
from videomoments.worker.app import build_parts, run_worker
from videomoments.worker.consumer import Worker


async def stub_worker() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = build_services(settings())
    parts = build_parts(settings(), services)
    stages = stub_stages(stall_seconds=float(os.environ.get("STALL_SECONDS", "300")))

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, parts, watch, stages)

    try:
        await Worker(services, work, parts.store).run(stop)
    finally:
        await parts.chat.aclose()
        await parts.slots.close()
        await services.close()


if __name__ == "__main__":
    configure_logging()
    asyncio.run(run_worker(settings()) if sys.argv[1] == "real" else stub_worker())
