"""Counts how often a key was used in the present window. The counts are lost with Redis; counters that start from zero are acceptable."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from videomoments.coordination import redis_keys

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""


class Quotas:
    """Counts by fixed windows."""

    def __init__(self, redis: Redis) -> None:
        self._count = redis.register_script(_COUNT)

    async def seconds_to_wait(self, key_id: str, what: str, limit: int, window_seconds: int) -> int:
        """Counts this use. Returns 0 when it is within the limit, else the seconds until the next window. `what` names the quota.

        Raises `redis.exceptions.RedisError`.
        """
        now = int(time.time())
        window = now // window_seconds
        used = int(await self._count(keys=[redis_keys.quota(key_id, what, window)], args=[window_seconds]))
        return 0 if used <= limit else (window + 1) * window_seconds - now
