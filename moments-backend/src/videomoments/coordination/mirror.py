"""Mirrors the registry of PostgreSQL to `model:config:{key}` and `model:config:_keys`, for readers of Redis."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from videomoments.coordination import redis_keys
from videomoments.coordination.redis import wire


class ModelMirror:
    """Writes the mirror. May raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def replace(self, models: Mapping[str, Mapping[str, str]]) -> None:
        """Makes Redis hold exactly `models` (key → fields as strings, never a secret)."""
        stale = {str(key) for key in await self._redis.smembers(redis_keys.MODEL_KEYS)} - set(models)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(redis_keys.MODEL_KEYS, *(redis_keys.model(key) for key in stale))
            for key, fields in models.items():
                pipe.delete(redis_keys.model(key))
                pipe.hset(redis_keys.model(key), mapping=wire(fields))
                pipe.sadd(redis_keys.MODEL_KEYS, key)
            await pipe.execute()
