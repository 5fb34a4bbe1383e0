"""Refuses bodies that arrive below a minimum rate: two hours at 100 kB/s pass, a byte now and then does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})


class BodyTooSlow(HTTPException):
    """408: the body arrives too slowly. The connection closes after the response."""

    def __init__(self, rate: int, seconds: float) -> None:
        super().__init__(
            408, f"The body came too slowly: {rate} bytes a second are the least, over {seconds:g} s.", headers={"Connection": "close"}
        )


class LeastRate:
    """ASGI middleware that allows `seconds` of waiting for each `rate * seconds` bytes of a body. The time that we spend on them does not
    count. `clock` is monotonic."""

    def __init__(self, app: ASGIApp, *, rate: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._rate = rate
        self._seconds = seconds
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name in _BODY_HEADERS for name, _ in scope["headers"]):
            receive = self._timed(receive)
        await self._app(scope, receive, send)

    def _timed(self, receive: Receive) -> Receive:
        waited, arrived, ended = 0.0, 0, False

        async def timed() -> Message:
            nonlocal waited, arrived, ended
            if ended:  # a later caller waits for the client to disconnect
                return await receive()
            began = self._clock()
            try:
                async with asyncio.timeout(self._seconds - waited):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(self._rate, self._seconds) from None
            waited += self._clock() - began
            arrived += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if arrived >= self._rate * self._seconds:
                waited, arrived = 0.0, 0
            elif waited >= self._seconds and not ended:
                raise BodyTooSlow(self._rate, self._seconds)
            return message

        return timed
