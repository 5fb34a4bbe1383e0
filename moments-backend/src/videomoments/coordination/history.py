"""`pipeline:run:{request_id}` and `pipeline:{video_id}:history`: finished runs, for a day (F33: the set is trimmed with its hashes)."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from videomoments.coordination import keys
from videomoments.coordination.redis import wire
from videomoments.core.times import now


class HistoryMirror:
    """Written by the one finaliser. May raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def archive(self, video_id: str, request_id: str, fields: Mapping[str, str]) -> None:
        stamp = now().timestamp()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.run(request_id), mapping=wire(fields))
            pipe.expire(keys.run(request_id), keys.RUN_TTL)
            pipe.zadd(keys.history(video_id), {request_id: stamp})
            pipe.zremrangebyscore(keys.history(video_id), "-inf", stamp - keys.RUN_TTL.total_seconds())
            pipe.expire(keys.history(video_id), keys.RUN_TTL)
            await pipe.execute()

    async def trim(self) -> None:
        """Takes ids out of the sets whose hashes have gone. `archive` does it for its own video; this is for videos that rest."""
        oldest = now().timestamp() - keys.RUN_TTL.total_seconds()
        async for key in self._redis.scan_iter(match=keys.history("*"), count=500):
            await self._redis.zremrangebyscore(key, "-inf", oldest)
