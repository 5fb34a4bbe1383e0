"""Blocking work on behalf of a client that may leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request

from moments_models.errors import ClientGone
from moments_models.host import HostedEngine
from moments_models.jobs import Job

T = TypeVar("T")

_LOOK = 0.25
"""Seconds between two looks at the connection."""


async def run_for(request: Request, hosted: HostedEngine, job: Job, work: Callable[[], T]) -> T:
    """Run `work` in a thread when it is the request's turn; tell `job` when the client leaves.

    Raises what `work` raises, or `ClientGone`.
    """
    async with hosted.slot(request.is_disconnected):
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
