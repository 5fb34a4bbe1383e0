"""`python worker_process.py real|held|stub`: a worker process as `moments worker` runs it, configured by the environment.

`held` is the real one, with adapters that can be held (`HOLD_FOLDER`); `stub` has stages that follow the run's prompt. `STALL_SECONDS` is
the longest silence of the stub stages, and of the held ones that ask a model.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.hold import HeldMedia, HeldStore, Hold
from fakes.stub_stages import stub_stages
from videomoments.core.config import settings
from videomoments.core.logging import configure_logging
from videomoments.core.names import StageName
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.stages import STAGES
from videomoments.services.runs import Claim
from videomoments.services.wiring import build_services
from videomoments.worker.app import build_parts, run_worker
from videomoments.worker.consumer import Worker

# The stages that ask a model.
_ASKING = (StageName.TRANSCRIPTION, StageName.MOMENT_GENERATION, StageName.MOMENT_REFINEMENT)


async def played_worker(kind: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = build_services(settings())
    parts = build_parts(settings(), services)
    stall_seconds = float(os.environ.get("STALL_SECONDS", "300"))
    if kind == "held":
        hold = Hold(Path(os.environ["HOLD_FOLDER"]), settings().home)
        held_store: Any = HeldStore(parts.store, hold)
        parts = replace(parts, store=held_store, media=HeldMedia(hold))
        stages = tuple(replace(stage, stall_seconds=stall_seconds) if stage.name in _ASKING else stage for stage in STAGES)
    else:
        stages = stub_stages(stall_seconds=stall_seconds)

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, parts, watch, stages)

    try:
        await Worker(services, work, parts.store).run(stop)
    finally:
        await parts.chat.aclose()
        await parts.tunnels.aclose()
        await parts.slots.close()
        await services.close()


if __name__ == "__main__":
    configure_logging(as_json=settings().log_json)
    asyncio.run(run_worker(settings()) if sys.argv[1] == "real" else played_worker(sys.argv[1]))
