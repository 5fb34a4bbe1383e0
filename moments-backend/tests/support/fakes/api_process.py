"""`python api_process.py`: an API process as `moments api` runs it, on a free port that it prints. `DIES=before_enqueue`: it is killed
between the commit of a run and its entry in the stream."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from videomoments.api.deps import build_deps
from videomoments.api.server import bind, make_server
from videomoments.coordination.queue import JobQueue
from videomoments.core.config import Settings
from videomoments.core.logging import configure_logging


class _DyingQueue(JobQueue):
    async def add(self, *, request_id: str, video_id: str, config: Mapping[str, Any], requested_at: datetime) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("not reached")


async def serve() -> None:
    settings = Settings(port=0)
    deps = build_deps(settings)
    if os.environ.get("DIES") == "before_enqueue":
        deps.services.runs.queue = _DyingQueue(deps.services.redis)
    with bind(settings) as listener:
        print(listener.getsockname()[1], flush=True)
        await make_server(settings, deps).serve(sockets=[listener])


if __name__ == "__main__":
    configure_logging(Settings().log_level, as_json=True)
    asyncio.run(serve())
