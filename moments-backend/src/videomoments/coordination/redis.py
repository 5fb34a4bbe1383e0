"""Opens the Redis client, and defines in one place what losing Redis means: a delay, nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from videomoments.coordination.failures import AWAY, redis_failure
from videomoments.coordination.redis_url import RedisAddress, parse_redis
from videomoments.core.errors import ServiceUnavailable

log = logging.getLogger(__name__)

_EXAMINE_SECONDS = 10.0


def connect(url: str, *, connections: int = 16) -> Redis:
    """Returns a client whose pool waits instead of raising when it is exhausted. `url` is `redis://`, `rediss://` or `unix://`
    (`coordination.redis_url`). Raises InvalidInput for one that can't be read."""
    pool = BlockingConnectionPool.from_url(
        parse_redis(url).url,
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
    """Suppresses and logs Redis errors of a mirror's write: Redis may be unavailable, and no run may fail for it. The reconciler repairs it
    later."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("Redis: %s not written (%s)", what, error.__class__.__name__)


async def refuse_evicting(redis: Redis, url: str) -> None:
    """Refuses a Redis that may evict the queue under memory pressure (F21), or that `url` can never reach.

    Raises:
        ServiceUnavailable: `redis_unavailable` when it does not respond, which may pass; else what is wrong with it or with its address.
    """
    try:
        await examine(redis, parse_redis(url))
    except ServiceUnavailable as error:
        if error.code.removeprefix("redis_") not in AWAY:
            raise
        raise ServiceUnavailable(
            "Redis does not answer.", code="redis_unavailable", operator=error.operator_text, advice="Check REDIS_URL."
        ) from error


async def check_redis(url: str) -> str:
    """Returns what was found at `url`, in a few words. Tries once, for at most 10 seconds.

    Raises InvalidInput for a URL that can't be read, ServiceUnavailable (`redis_…`) where it can't be used.
    """
    address = parse_redis(url)
    redis = connect(url, connections=1)
    try:
        return await asyncio.wait_for(examine(redis, address), _EXAMINE_SECONDS)
    except TimeoutError as error:
        raise redis_failure(error, address) from error
    finally:
        await redis.aclose()


async def examine(redis: Redis, address: RedisAddress) -> str:
    """Checks that it can hold the queue: a primary that evicts nothing. Returns its name and version. Raises ServiceUnavailable
    (`redis_…`)."""
    try:
        await redis.ping()
        server = await _where_allowed(redis.info())
        if server.get("role") == "slave":
            raise redis_failure(ReadOnlyError(), address)
        settings = await _where_allowed(cast(Awaitable[dict[str, Any]], redis.config_get("maxmemory", "maxmemory-policy")))
    except (RedisError, OSError, TimeoutError, EOFError) as error:
        raise redis_failure(error, address) from error
    policy = settings.get("maxmemory-policy") or server.get("maxmemory_policy")
    if policy is None:
        log.warning("Redis does not tell its eviction policy; make sure that it is noeviction.")
    elif policy != "noeviction":
        raise ServiceUnavailable(
            f"Redis may evict the queue (maxmemory-policy is {policy}).",
            code="redis_evicts",
            operator=f"Redis at {address} may evict the queue (maxmemory-policy is {policy}).",
            advice="Set it to noeviction: redis-cli CONFIG SET maxmemory-policy noeviction, or in the service's console.",
        )
    return f"{server.get('server_name', 'redis')} {server.get('valkey_version') or server.get('redis_version') or ''}".strip()


async def _where_allowed(asked: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """Returns the reply, or nothing where it is forbidden: managed services rename or forbid CONFIG, and access lists forbid INFO too."""
    try:
        return await asked
    except ResponseError as error:  # NoPermissionError is one
        if not any(sign in str(error).lower() for sign in ("unknown command", "permission", "noperm", "not allowed")):
            raise
        return {}


def wire(fields: Mapping[str, str]) -> dict[str | bytes | bytearray | memoryview[int] | int | float, str]:
    """Returns a hash's fields in the client's own type for keys."""
    return dict(fields.items())
