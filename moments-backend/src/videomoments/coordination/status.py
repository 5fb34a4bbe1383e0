"""Writes `pipeline:{video_id}:active`, `:lock` and `:cancel`: mirrors of the run row for readers of Redis.

The lock's value is `{request_id}:{attempt}`. Every write compares it in Lua, so that a worker that lost its claim changes nothing. Times
come from PostgreSQL, never from the clock of the process that writes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from redis.asyncio import Redis

from videomoments.coordination import redis_keys
from videomoments.coordination.scripts import Scripts
from videomoments.core.names import StageName, StageStatus
from videomoments.core.times import isoformat

# Only a newer attempt of the same run, or a run whose lock is free, takes the lock.
_FUNCTIONS = """
local function take(token, ttl, force)
  local held = redis.call('GET', KEYS[1])
  if held and held ~= token then
    local mine_id, mine_n = string.match(token, '^(.*):(%d+)$')
    local held_id, held_n = string.match(held, '^(.*):(%d+)$')
    if held_id == mine_id and tonumber(held_n) > tonumber(mine_n) then return 0 end
    if held_id ~= mine_id and force ~= '1' then return 0 end
  end
  redis.call('SET', KEYS[1], token, 'PX', ttl)
  return 1
end
-- A hash that another run left is replaced, so that fields of two runs never stand side by side.
local function write(request_id, first, last)
  if redis.call('HGET', KEYS[2], 'request_id') ~= request_id then
    redis.call('DEL', KEYS[2])
    redis.call('HSET', KEYS[2], 'request_id', request_id)
  end
  for i = first, last, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
"""
_WRITE = (
    _FUNCTIONS
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
write(ARGV[2], 3, #ARGV)
redis.call('PERSIST', KEYS[2])
return 1
"""
)
# A run in the history has ended. Only a caller that knows better (`again`) opens it anew, not a worker that resumes long after its claim.
_OPEN = (
    _FUNCTIONS
    + """
if ARGV[4] ~= '1' and redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if take(ARGV[1], ARGV[3], '1') == 0 then return 0 end
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[2])
write(ARGV[2], 5, #ARGV)
redis.call('PERSIST', KEYS[2])
return 1
"""
)
# Sets what the run waits for; an empty text removes it.
_WAIT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[2], 'request_id') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[2], 'waiting_for') else redis.call('HSET', KEYS[2], 'waiting_for', ARGV[3]) end
return 1
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
_RELEASE = (
    _FUNCTIONS
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
write(ARGV[2], 4, #ARGV)
redis.call('HDEL', KEYS[2], 'current_stage', 'waiting_for')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""
)
# Ends a run and enters it into the history in one script: a client spends more on several replies than the server on the work.
_END = (
    _FUNCTIONS
    + """
local shown = 5 + tonumber(ARGV[5])
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[4], ARGV[3])
redis.call('ZADD', KEYS[5], ARGV[4], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', ARGV[4] - ARGV[3] / 1000)
redis.call('PEXPIRE', KEYS[5], ARGV[3])
if take(ARGV[1], ARGV[3], '0') == 0 then return 0 end
redis.call('DEL', KEYS[1])
if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
write(ARGV[2], 6, shown)
redis.call('HDEL', KEYS[2], 'current_stage', 'waiting_for')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""
)
# Ends what a run left that ended while Redis was unavailable: as `_RELEASE`, for any attempt.
_SETTLE = """
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(.*):%d+$') == ARGV[1] then redis.call('DEL', KEYS[1]) end
if redis.call('HGET', KEYS[2], 'request_id') ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HDEL', KEYS[2], 'current_stage', 'waiting_for')
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
"""


def _pairs(fields: Mapping[str, str]) -> list[str]:
    return [part for item in fields.items() for part in item]


def _milliseconds(ttl: timedelta) -> int:
    return int(ttl.total_seconds() * 1000)


class StatusMirror:
    """Writes the overview's status keys. Every method may raise `redis.exceptions.RedisError`. False means that another attempt holds the
    lock."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._write = self._scripts.register(_WRITE)
        self._wait = self._scripts.register(_WAIT)
        self._open = self._scripts.register(_OPEN)
        self._renew = self._scripts.register(_RENEW)
        self._release = self._scripts.register(_RELEASE)
        self._end = self._scripts.register(_END)
        self._settle = self._scripts.register(_SETTLE)

    async def renew(self, video_id: str, request_id: str, attempt: int) -> bool:
        token = f"{request_id}:{attempt}"
        return bool(
            await self._scripts.call(self._renew, keys=[redis_keys.lock(video_id)], args=[token, _milliseconds(redis_keys.LOCK_TTL)])
        )

    async def open(self, video_id: str, request_id: str, attempt: int, fields: Mapping[str, str], *, again: bool = False) -> bool:
        """Takes the lock by force and writes `fields`. Called after the row is committed, so another run's lock and hash can only be left
        over. A run that Redis shows as ended stays so, unless it is opened `again`: on a retry, or when the row was just read."""
        names = [redis_keys.lock(video_id), redis_keys.active(video_id), redis_keys.run(request_id), redis_keys.history(video_id)]
        args: list[str | int] = [f"{request_id}:{attempt}", request_id, _milliseconds(redis_keys.LOCK_TTL), int(again), *_pairs(fields)]
        return bool(await self._scripts.call(self._open, keys=names, args=args))

    async def write(self, video_id: str, request_id: str, attempt: int, fields: Mapping[str, str]) -> bool:
        """Sets `fields`. Empties a hash that another run left first; `request_id` is always set."""
        args = [f"{request_id}:{attempt}", request_id, *_pairs(fields)]
        return bool(await self._scripts.call(self._write, keys=[redis_keys.lock(video_id), redis_keys.active(video_id)], args=args))

    async def wait(self, video_id: str, request_id: str, attempt: int, what: str | None) -> bool:
        """Sets the field `waiting_for` to what the run waits for; None removes the field."""
        args = [f"{request_id}:{attempt}", request_id, what or ""]
        return bool(await self._scripts.call(self._wait, keys=[redis_keys.lock(video_id), redis_keys.active(video_id)], args=args))

    async def release(self, video_id: str, request_id: str, attempt: int, fields: Mapping[str, str]) -> bool:
        """Writes the last fields, removes lock and cancel mark, and lets the hash expire in a day, for late readers."""
        names = [redis_keys.lock(video_id), redis_keys.active(video_id), redis_keys.cancel(video_id)]
        args: list[str | int] = [f"{request_id}:{attempt}", request_id, _milliseconds(redis_keys.RUN_TTL), *_pairs(fields)]
        return bool(await self._scripts.call(self._release, keys=names, args=args))

    async def end(
        self, video_id: str, request_id: str, attempt: int, fields: Mapping[str, str], details: Mapping[str, str], at: datetime
    ) -> bool:
        """Does as `release`, even if Redis has lost the lock, and writes `fields` with `details` into the history, whoever holds the lock.
        `at` is when the run ended: its score in the history."""
        names = [
            redis_keys.lock(video_id),
            redis_keys.active(video_id),
            redis_keys.cancel(video_id),
            redis_keys.run(request_id),
            redis_keys.history(video_id),
        ]
        shown = _pairs(fields)
        args: list[str | int | float] = [
            f"{request_id}:{attempt}",
            request_id,
            _milliseconds(redis_keys.RUN_TTL),
            at.timestamp(),
            len(shown),
        ]
        return bool(await self._scripts.call(self._end, keys=names, args=[*args, *shown, *_pairs(details)]))

    async def unended(self) -> AsyncIterator[tuple[str, str]]:
        """Yields (video id, request id) of all runs that Redis shows as active: a lock exists, or the hash has no expiry."""
        async for batch in self._scan(redis_keys.lock("*")):
            for key, held in zip(batch, await self._redis.mget(batch), strict=True):
                if held is not None:
                    yield key.split(":")[1], str(held).rpartition(":")[0]
        async for batch in self._scan(redis_keys.active("*")):
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in batch:
                    pipe.ttl(key)
                    pipe.hget(key, "request_id")
                answers = await pipe.execute()
            for key, ttl, request_id in zip(batch, answers[::2], answers[1::2], strict=True):
                if ttl == -1 and request_id is not None:
                    yield key.split(":")[1], str(request_id)

    async def _scan(self, pattern: str) -> AsyncIterator[list[str]]:
        """Yields all keys of that pattern, some hundred at a time."""
        cursor = 0
        while True:
            cursor, batch = await self._redis.scan(cursor, match=pattern, count=500)
            if batch:
                yield [str(key) for key in batch]
            if cursor == 0:
                return

    async def settle(self, video_id: str, request_id: str, fields: Mapping[str, str]) -> bool:
        """Ends a run that ended while Redis was unavailable: removes its lock, and sets `fields` in its hash, which then expires in a
        day."""
        names = [redis_keys.lock(video_id), redis_keys.active(video_id)]
        return bool(
            await self._scripts.call(self._settle, keys=names, args=[request_id, _milliseconds(redis_keys.RUN_TTL), *_pairs(fields)])
        )

    async def mark_cancel(self, video_id: str, request_id: str) -> None:
        await self._redis.set(redis_keys.cancel(video_id), request_id, ex=redis_keys.CANCEL_TTL)

    async def read(self, video_id: str) -> dict[str, str]:
        fields = await self._redis.hgetall(redis_keys.active(video_id))
        return {str(name): str(value) for name, value in fields.items()}


def stage_fields(name: StageName, status: StageStatus, at: datetime | None) -> dict[str, str]:
    """Returns the fields that one change of a stage writes: `TRANSCRIPTION_status`, `…_started_at` or `…_completed_at`. `at` is the time of
    the change."""
    fields = {f"{name}_status": status.value}
    if status is StageStatus.PROCESSING:
        fields |= {"status": "processing", "current_stage": name.value, f"{name}_started_at": isoformat(at) or ""}
    else:
        fields[f"{name}_completed_at"] = isoformat(at) or ""
    return fields
