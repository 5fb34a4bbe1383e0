"""Runs Lua scripts that many runs call at once. Simultaneous calls are sent in one pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from videomoments.core.grouped import Grouped


@dataclass(frozen=True, slots=True)
class _Call:
    script: AsyncScript
    keys: Sequence[Any]
    args: Sequence[Any]


class Scripts:
    """The scripts of one client. A script's error is raised only to its own caller."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._grouped: Grouped[_Call, Any] = Grouped(self._send)

    def register(self, text: str) -> AsyncScript:
        return self._redis.register_script(text)

    async def call(self, script: AsyncScript, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        """Returns the script's reply. Raises `redis.exceptions.RedisError`."""
        return await self._grouped(_Call(script, keys, args))

    async def _send(self, calls: Sequence[_Call]) -> list[Any]:
        if len(calls) == 1:
            return [await _alone(calls[0])]
        async with self._redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
            answers = await pipe.execute(raise_on_error=False)
        # A server that was restarted knows no script.
        return [await _alone(call) if isinstance(answer, NoScriptError) else answer for call, answer in zip(calls, answers, strict=True)]


async def _alone(call: _Call) -> Any:
    return await call.script(keys=call.keys, args=call.args)
