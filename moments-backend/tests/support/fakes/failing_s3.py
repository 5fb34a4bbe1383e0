"""The S3 of the tests with two switches: it answers 503, or uploads get no answer at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from support.fakes.s3_server import S3


@dataclass
class FailingS3(S3):
    """Listens on a free port while its context lives. While `down` every request gets 503; `refused` counts them. While `frozen` an upload
    waits; `waiting` counts those."""

    bucket: str = "videos"
    down: bool = False
    refused: int = 0
    frozen: bool = False
    waiting: int = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=512 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self.handle)
        # A client that hangs up ends its request here too: nothing of it is kept.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            self.refused += 1
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>", content_type="application/xml")
        if self.frozen and request.method in ("PUT", "POST"):
            self.waiting += 1
            while self.frozen:
                await asyncio.sleep(0.02)
        return await super().handle(request)
