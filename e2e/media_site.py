"""A small site on loopback that a video's URL can lead to: it serves files with ranges, and keeps them back on request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

# So much of a file comes at once, the rest never, when its address says `?hold`.
_FIRST_BYTES = 20_000


class MediaSite:
    """`url(name)` of a file in `folder`; `held(name)` begins to send it and then waits until the other side goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{quote(name)}"

    def held(self, name: str) -> str:
        return f"{self.url(name)}?hold"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = self.folder / Path(request.match_info["name"]).name
        if not path.is_file():
            raise web.HTTPNotFound
        if "hold" not in request.query:
            return web.FileResponse(path)
        answer = web.StreamResponse(headers={"Content-Type": "video/mp4", "Content-Length": str(path.stat().st_size)})
        await answer.prepare(request)
        await answer.write(path.read_bytes()[:_FIRST_BYTES])
        await asyncio.Event().wait()  # until the request's task is cancelled with its connection
        return answer


@contextmanager
def media_site(folder: Path) -> Iterator[MediaSite]:
    """Serves until the end, from a thread of its own."""
    site, loop, started = MediaSite(folder), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/{name}", site.answer)
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.port = runner.addresses[0][1]
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    if not started.wait(300):
        raise RuntimeError("the media site did not start")
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
