"""`python worker_process.py real|held|stub`: a worker process as `moments worker` runs it, configured by the environment.

`held` is the real one, with adapters that can be held (`HOLD_FOLDER`); `stub` has stages that follow the run's prompt. `STALL_SECONDS` is
the longest silence of the stub stages, and of the held ones that ask a model; `RENEW_SECONDS` lie between two renewals of a lease.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.fakes.hold import HeldMedia, HeldStore, Hold
from support.fakes.stub_stages import stub_stages
from videomoments.core.config import Settings, settings
from videomoments.core.logging import configure_logging
from videomoments.core.names import StageName
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.stage import Stage
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunSnapshot
from videomoments.services.runs import Claim
from videomoments.services.wiring import build_services
from videomoments.worker.app import build_adapters, run_worker
from videomoments.worker.consumer import Worker

# The stages that ask a model.
_ASKING = (StageName.TRANSCRIPTION, StageName.MOMENT_GENERATION, StageName.MOMENT_REFINEMENT)


@dataclass(frozen=True, slots=True)
class _SilentFor(Stage):
    """Silent for `stall_seconds` at most, however long its model may take for an answer."""

    def longest_silence(self, snapshot: RunSnapshot, settings: Settings) -> float:
        return self.stall_seconds


def _with_silence(stage: Stage, seconds: float) -> Stage:
    told = {field.name: getattr(stage, field.name) for field in fields(stage)}
    return _SilentFor(**told | {"stall_seconds": seconds})


async def played_worker(kind: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = build_services(settings())
    parts = build_adapters(settings(), services)
    stall_seconds = float(os.environ.get("STALL_SECONDS", "300"))
    if kind == "held":
        hold = Hold(Path(os.environ["HOLD_FOLDER"]), settings().home)
        held_store: Any = HeldStore(parts.store, hold)
        parts = replace(parts, store=held_store, media=HeldMedia(hold))
        stages = tuple(_with_silence(stage, stall_seconds) if stage.name in _ASKING else stage for stage in STAGES)
    else:
        stages = stub_stages(stall_seconds=stall_seconds)

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, parts, watch, stages)

    renew_seconds = float(os.environ["RENEW_SECONDS"]) if "RENEW_SECONDS" in os.environ else None
    try:
        await Worker(services, work, parts.store, renew_seconds=renew_seconds).run(stop)
    finally:
        await parts.chat.aclose()
        await parts.tunnels.aclose()
        await parts.slots.close()
        await services.close()


if __name__ == "__main__":
    configure_logging(as_json=settings().log_json)
    asyncio.run(run_worker(settings()) if sys.argv[1] == "real" else played_worker(sys.argv[1]))
