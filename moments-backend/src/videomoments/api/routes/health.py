"""/health and /ready: the probes for load balancers and operators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Response
from redis.exceptions import RedisError

from videomoments.api.declarations import OPEN, declare
from videomoments.api.deps import ApiDeps, Deps
from videomoments.api.schemas.health import HealthOut, ReadyOut, State
from videomoments.core.errors import MomentsError
from videomoments.services.run_queries import Readiness

router = APIRouter(tags=["health"])

_SECONDS = 3.0


@router.get("/health", operation_id="get_health", responses={503: {"model": HealthOut}})
@declare(OPEN)
async def get_health(deps: Deps, response: Response) -> HealthOut:
    """Returns whether Redis and PostgreSQL answer; 503 when one of them does not."""
    redis, postgresql = await asyncio.gather(_state(_ping_redis(deps)), _state(deps.runs.ping()))
    status: State = "ok" if redis == postgresql == "ok" else "unavailable"
    response.status_code = 200 if status == "ok" else 503
    return HealthOut(status=status, redis=redis, postgresql=postgresql)


@router.get("/ready", operation_id="get_ready", responses={503: {"model": ReadyOut}})
@declare(OPEN)
async def get_ready(deps: Deps, response: Response) -> ReadyOut:
    """Returns whether a run that is started now will be processed; 503 when it will not."""
    readiness = Readiness(False, 0, 0, 0.0)

    async def read() -> None:
        nonlocal readiness
        readiness = await deps.runs.readiness()

    redis, _, storage = await asyncio.gather(_state(_ping_redis(deps)), _state(read()), _state(deps.store.check()))
    ready = readiness.ready and redis == "ok" and storage == "ok"
    response.status_code = 200 if ready else 503
    return ReadyOut(
        ready=ready,
        migrated=readiness.migrated,
        workers=readiness.workers,
        queued=readiness.queued,
        oldest_queued_seconds=round(readiness.oldest_queued_seconds, 1),
        redis=redis,
        storage=storage,
    )


async def _ping_redis(deps: ApiDeps) -> None:
    await deps.services.redis.ping()


async def _state(probe: Awaitable[Any]) -> State:
    try:
        async with asyncio.timeout(_SECONDS):
            await probe
    except (MomentsError, RedisError, OSError, TimeoutError):
        return "unavailable"
    return "ok"
