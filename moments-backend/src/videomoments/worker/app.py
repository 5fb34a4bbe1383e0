"""Runs the worker process: builds what the stages need, and works until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import signal

from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import Deadlines
from videomoments.inference.tunnel import Tunnels
from videomoments.media.engine import MediaEngine
from videomoments.pipeline.calling import WaitLimits
from videomoments.pipeline.limits import ResourceLimits
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.stage import StageAdapters
from videomoments.services.model_slots import ModelSlots
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services, build_services
from videomoments.storage import configured_store
from videomoments.worker.consumer import Worker

log = logging.getLogger(__name__)


def build_adapters(settings: Settings, services: Services) -> StageAdapters:
    """Builds the adapters of one worker. Raises InvalidInput when `STORAGE_URL` is unset."""
    if settings.storage_url is None or settings.database_url is None:
        raise InvalidInput("STORAGE_URL is not set.", advice="Use a command that starts the embedded parts, or set it.")
    tunnels = Tunnels.of(settings)
    return StageAdapters(
        settings=settings,
        services=services,
        store=configured_store(settings),
        media=MediaEngine(),
        chat=ChatClient(tunnels=tunnels, deadlines=Deadlines.of(settings), memory=services.model_dialects),
        tunnels=tunnels,
        slots=ModelSlots(settings.database_url),
        limits=ResourceLimits(settings.limits),
        patience=WaitLimits.of(settings),
    )


async def run_worker(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Works until SIGTERM or SIGINT (or `stop`). Raises MomentsError when it can't start."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    services = build_services(settings)
    adapters = build_adapters(settings, services)

    async def work(claim: Claim, watch: Watch) -> str | None:
        return await run_stages(claim, adapters, watch)

    try:
        await services.models.seed()
        await Worker(services, work, adapters.store).run(stop)
    finally:
        await adapters.aclose()
        await services.close()
