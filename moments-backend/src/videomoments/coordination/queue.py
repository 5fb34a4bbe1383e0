"""Reads and writes the stream `pipeline:requests`, which wakes workers. The run row decides who may work; an entry only points to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from videomoments.coordination import redis_keys
from videomoments.core.times import isoformat

# Acknowledges and deletes only while the consumer still owns the entry, so that a late worker can't remove what another holds.
_SETTLE = """
local settled = 0
for i = 3, #ARGV do
  local p = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if #p > 0 and p[1][2] == ARGV[2] then
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    redis.call('XDEL', KEYS[1], ARGV[i])
    settled = settled + 1
  end
end
return settled
"""
# Resets the idle time of a held entry while its lease lives, for other tools that read idle times.
_FRESHEN = """
local p = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #p == 0 or p[1][2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', 0, 'JUSTID')
return 1
"""
# Moves a dead consumer's pending entries to the caller before it removes the consumer (F16: XGROUP DELCONSUMER drops them).
_REAP = """
local moved = 0
while true do
  local p = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 100, ARGV[2])
  if #p == 0 then break end
  local ids = {}
  for i, e in ipairs(p) do ids[i] = e[1] end
  local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0}
  for i, id in ipairs(ids) do claim[#claim + 1] = id end
  -- Old at once: the next autoclaim takes them, not one that comes a lease later.
  claim[#claim + 1] = 'IDLE'
  claim[#claim + 1] = 86400000
  claim[#claim + 1] = 'JUSTID'
  redis.call(unpack(claim))
  local left = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
  moved = moved + #p
  if #left > 0 and left[1][1] == p[1][1] then break end
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return moved
"""
# Puts back into the stream what an ending consumer read and did not settle, and removes the consumer.
_LEAVE = """
local given = 0
while true do
  local p = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 100, ARGV[2])
  if #p == 0 then break end
  for i, e in ipairs(p) do
    local m = redis.call('XRANGE', KEYS[1], e[1], e[1])
    if #m > 0 then
      redis.call('XADD', KEYS[1], '*', unpack(m[1][2]))
      given = given + 1
    end
    redis.call('XACK', KEYS[1], ARGV[1], e[1])
    redis.call('XDEL', KEYS[1], e[1])
  end
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return given
"""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream."""

    entry_id: str
    request_id: str
    video_id: str


class JobQueue:
    """The stream and its group. Every method may raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._settle = redis.register_script(_SETTLE)
        self._freshen = redis.register_script(_FRESHEN)
        self._reap = redis.register_script(_REAP)
        self._leave = redis.register_script(_LEAVE)

    async def ensure_group(self) -> None:
        """Creates group and stream at 0, so that entries from before the first worker are read (F19)."""
        try:
            await self._redis.xgroup_create(redis_keys.STREAM, redis_keys.GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def add(self, *, request_id: str, video_id: str, config: Mapping[str, Any], requested_at: datetime) -> str:
        """Adds the contract's four fields (XADD). Returns the entry's id. `requested_at` is PostgreSQL's time, as all times in Redis."""
        fields: dict[Any, Any] = {
            "request_id": request_id,
            "video_id": video_id,
            "config": json.dumps(config, separators=(",", ":")),
            "requested_at": isoformat(requested_at) or "",
        }
        return str(await self._redis.xadd(redis_keys.STREAM, fields))

    async def read(self, consumer: str, count: int, block_ms: int) -> list[Entry]:
        """Returns new entries, at most `count`, after waiting up to `block_ms`. An entry without a usable request id is acknowledged,
        deleted and not returned."""
        answer: Any = await self._redis.xreadgroup(redis_keys.GROUP, consumer, {redis_keys.STREAM: ">"}, count=count, block=block_ms)
        return await self._entries(consumer, _messages(answer))

    async def autoclaim(self, consumer: str, count: int, min_idle_ms: int) -> list[Entry]:
        """Returns entries that no consumer has refreshed for `min_idle_ms`, and moves them to `consumer`."""
        answer: Any = await self._redis.xautoclaim(redis_keys.STREAM, redis_keys.GROUP, consumer, min_idle_ms, count=count)
        return await self._entries(consumer, answer[1])

    async def _entries(self, consumer: str, messages: list[Any]) -> list[Entry]:
        found = []
        for entry_id, fields in messages:
            if not fields:  # deleted while pending (Redis 6)
                await self._redis.xack(redis_keys.STREAM, redis_keys.GROUP, entry_id)
            elif "\x00" in fields.get("request_id", "\x00"):  # no request id, or one that PostgreSQL can't compare
                await self.acknowledge(consumer, entry_id)
            else:
                found.append(Entry(entry_id, fields["request_id"], fields.get("video_id", "")))
        return found

    async def acknowledge(self, consumer: str, *entry_ids: str) -> int:
        """Acknowledges and deletes entries (XACK, XDEL) in one script. Returns how many: an entry that another consumer holds stays."""
        return int(await self._settle(keys=[redis_keys.STREAM], args=[redis_keys.GROUP, consumer, *entry_ids]))

    async def freshen(self, consumer: str, entry_id: str) -> bool:
        """Resets the entry's idle time. Returns False when it belongs to another consumer."""
        return bool(await self._freshen(keys=[redis_keys.STREAM], args=[redis_keys.GROUP, consumer, entry_id]))

    async def leave(self, consumer: str) -> int:
        """Removes the caller's consumer at its end (F15). Returns how many unsettled entries went back into the stream."""
        return int(await self._leave(keys=[redis_keys.STREAM], args=[redis_keys.GROUP, consumer]))

    async def drop(self, *entry_ids: str) -> None:
        """Removes entries, whichever consumer holds them. For the reconciler, when it replaces one, and the sweeper, whose runs have
        ended."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(redis_keys.STREAM, redis_keys.GROUP, *entry_ids)
            pipe.xdel(redis_keys.STREAM, *entry_ids)
            await pipe.execute()

    async def pages(self) -> AsyncIterator[list[Entry]]:
        """Yields all entries of the stream, read or not, in pages of at most 500."""
        first = "-"
        while batch := await self._page(first):
            yield [Entry(entry_id, fields.get("request_id", ""), fields.get("video_id", "")) for entry_id, fields in batch]
            first = f"({batch[-1][0]}"

    async def _page(self, first: str) -> list[tuple[str, dict[str, str]]]:
        found: Any = await self._redis.xrange(redis_keys.STREAM, first, "+", count=_PAGE)
        return [(entry_id, fields or {}) for entry_id, fields in found]

    async def waits(self, entry_id: str, *, stale_ms: int) -> bool:
        """Returns whether the entry exists and is either unread or was read less than `stale_ms` ago."""
        if not await self._redis.xrange(redis_keys.STREAM, entry_id, entry_id):
            return False
        pending: Any = await self._redis.xpending_range(redis_keys.STREAM, redis_keys.GROUP, entry_id, entry_id, 1)
        return not pending or pending[0]["time_since_delivered"] < stale_ms

    async def depth(self) -> int:
        return int(await self._redis.xlen(redis_keys.STREAM))

    async def reap_consumers(self, consumer: str, *, live: set[str], idle_ms: int) -> int:
        """Removes consumers that are neither live nor recent (F15). Returns how many. Their entries move to `consumer`, whose next
        autoclaim returns them."""
        removed = 0
        try:
            consumers: Any = await self._redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP)
        except ResponseError as error:
            if "NOGROUP" in str(error) or "no such key" in str(error):
                return 0  # Redis was emptied
            raise
        for row in consumers:
            if row["name"] != consumer and row["name"] not in live and row["idle"] > idle_ms:
                await self._reap(keys=[redis_keys.STREAM], args=[redis_keys.GROUP, row["name"], consumer])
                removed += 1
        return removed


def _messages(answer: Any) -> list[Any]:
    """Returns the messages of our one stream from XREADGROUP's list of streams (RESP2) or mapping (RESP3)."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [message for batch in answer[redis_keys.STREAM] for message in batch]
    return list(answer[0][1])
