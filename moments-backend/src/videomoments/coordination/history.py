"""Trims `pipeline:run:{request_id}` and `pipeline:{video_id}:history`: finished runs, for a day (F33: the set is trimmed with its
hashes)."""

from __future__ import annotations

from datetime import datetime

from redis.asyncio import Redis

from videomoments.coordination import redis_keys


class HistoryMirror:
    """Trims what `StatusMirror.end` writes. May raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def trim(self, now: datetime) -> None:
        """Removes ids from the sets whose hashes have expired. The end of a run does it for its own video; this does it for videos without
        new runs. `now` is PostgreSQL's time, by which the ids were entered."""
        oldest = now.timestamp() - redis_keys.RUN_TTL.total_seconds()
        async for key in self._redis.scan_iter(match=redis_keys.history("*"), count=500):
            await self._redis.zremrangebyscore(key, "-inf", oldest)
