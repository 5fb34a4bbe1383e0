"""`pipeline:run:{request_id}` and `pipeline:{video_id}:history`: finished runs, for a day (F33: the set is trimmed with its hashes)."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from videomoments.coordination import keys
from videomoments.core.times import now

# One script, not a pipeline of commands: a client spends more on seven answers than the server on the work.
_ARCHIVE = """
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2] - ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
"""


class HistoryMirror:
    """Written by the one finaliser. May raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._archive = redis.register_script(_ARCHIVE)

    async def archive(self, video_id: str, request_id: str, fields: Mapping[str, str]) -> None:
        pairs = [part for item in fields.items() for part in item]
        args: list[str | float] = [int(keys.RUN_TTL.total_seconds()), now().timestamp(), request_id, *pairs]
        await self._archive(keys=[keys.run(request_id), keys.history(video_id)], args=args)

    async def trim(self) -> None:
        """Takes ids out of the sets whose hashes have gone. `archive` does it for its own video; this is for videos that rest."""
        oldest = now().timestamp() - keys.RUN_TTL.total_seconds()
        async for key in self._redis.scan_iter(match=keys.history("*"), count=500):
            await self._redis.zremrangebyscore(key, "-inf", oldest)
