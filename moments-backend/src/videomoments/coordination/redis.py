"""The Redis client, and the one place that says what losing Redis means: nothing but a delay."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from videomoments.core.errors import ServiceUnavailable

log = logging.getLogger(__name__)


def connect(url: str, *, connections: int = 16) -> Redis:
    """A client whose pool waits instead of raising when it is exhausted. `url` is `redis://`, `rediss://` or `unix://`."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=10,
        decode_responses=True,
        socket_connect_timeout=3,
        socket_timeout=35,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def best_effort(what: str) -> AsyncIterator[None]:
    """For mirrors: Redis may be away at any time, and no run may fail for it. The reconciler repairs what was missed."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("Redis: %s not written (%s)", what, error.__class__.__name__)


async def refuse_evicting(redis: Redis) -> None:
    """Refuses a Redis that may throw the queue away under memory pressure (F21).

    Raises:
        ServiceUnavailable: Redis is away, or `maxmemory-policy` is not `noeviction` while a memory limit is set.
    """
    try:
        settings: dict[str, Any] = await cast(Awaitable[dict[str, Any]], redis.config_get("maxmemory", "maxmemory-policy"))
    except (RedisError, OSError, TimeoutError) as error:
        if "unknown command" in str(error).lower() or "no permission" in str(error).lower() or "noperm" in str(error).lower():
            log.warning("Redis does not tell its eviction policy; make sure that it is noeviction.")
            return
        raise ServiceUnavailable("Redis does not answer.", code="redis_unavailable", advice="Check REDIS_URL.") from error
    if settings.get("maxmemory-policy", "noeviction") != "noeviction":
        raise ServiceUnavailable(
            f"Redis may evict the queue (maxmemory-policy is {settings['maxmemory-policy']}).",
            code="redis_evicts",
            advice="Set it to noeviction: redis-cli CONFIG SET maxmemory-policy noeviction.",
        )


def wire(fields: Mapping[str, str]) -> dict[str | bytes | bytearray | memoryview[int] | int | float, str]:
    """A hash's fields in the client's own type for keys."""
    return dict(fields.items())
