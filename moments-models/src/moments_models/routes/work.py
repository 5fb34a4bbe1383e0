"""Runs blocking work for a client that may leave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import Request

from moments_models.errors import ClientGone, ServiceError
from moments_models.host import HostedEngine
from moments_models.request_jobs import Job
from moments_models.routes.metrics import Metrics

T = TypeVar("T")

_LOOK = 0.25
"""Seconds between two looks at the connection."""


async def run_for(request: Request, hosted: HostedEngine, job: Job, work: Callable[[], T]) -> T:
    """Runs `work` in a thread when it is the request's turn. Abandons `job` when the client leaves.

    Raises what `work` raises, or `ClientGone`.
    """
    async with hosted.slot(request.is_disconnected), _counted(request, hosted):
        running = asyncio.create_task(asyncio.to_thread(work))
        try:
            while True:
                finished, _ = await asyncio.wait({running}, timeout=_LOOK)
                if finished:
                    return running.result()
                if await request.is_disconnected():
                    job.abandon()
                    await asyncio.wait({running})  # the slot is free only when the thread is
                    running.exception()  # the thread's own `ClientGone`, taken note of
                    raise ClientGone("the client has gone")
        except asyncio.CancelledError:
            job.abandon()
            await asyncio.shield(asyncio.wait({running}))
            raise


@asynccontextmanager
async def _counted(request: Request, hosted: HostedEngine) -> AsyncIterator[None]:
    metrics: Metrics = request.app.state.metrics
    began, outcome = time.monotonic(), "internal_error"
    try:
        yield
        outcome = "ok"
    except ServiceError as error:
        outcome = error.code
        raise
    except asyncio.CancelledError:
        outcome = ClientGone.code
        raise
    finally:
        metrics.answered(hosted.spec.name, outcome, time.monotonic() - began)
