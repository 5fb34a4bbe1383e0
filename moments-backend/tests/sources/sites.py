"""Sites for tests: pages of this machine, and the child that reads them in a world whose names a script resolves."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from aiohttp import web

from support.processes import children_with
from videomoments.core.errors import MomentsError, SourceUnavailable
from videomoments.core.job_process import ChildProgram

BODY = bytes(range(256)) * 8_000  # 2 MB
VIDEO_PAGE = '<html><head><title>My talk</title></head><body><video src="/v.mp4"></video></body></html>'
_CHILD = Path(__file__).parents[1] / "support" / "fakes" / "site_child_process.py"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class ScriptedChild(ChildProgram):
    """The real child with a scripted resolver: `names` as `site_child_process.py` takes them."""

    names: str = "{}"

    def command(self) -> list[str]:
        return [sys.executable, str(_CHILD), json.dumps({"names": json.loads(self.names)})]

    def stalled(self, seconds: float) -> MomentsError:
        return SourceUnavailable(f"nothing for {seconds} s")

    def ended(self, status: int) -> MomentsError:
        return SourceUnavailable(f"ended with {status}", code="site_killed")


def scripted(**names: list[list[str]]) -> ScriptedChild:
    known = {name.replace("_", "."): answers for name, answers in names.items()}
    return ScriptedChild("test child", "", "site_failed", json.dumps(known))


class Site:
    """`pages` are answered by path; anything that ends like media is 2 MB of bytes."""

    def __init__(self) -> None:
        self.host = ""
        self.pages: dict[str, str | Handler] = {"/page": VIDEO_PAGE}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        page = self.pages.get(request.path)
        if callable(page):
            return await page(request)
        if page is not None:
            kind = "application/vnd.apple.mpegurl" if page.startswith("#EXTM3U") else "text/html"
            return web.Response(text=page.replace("HOST", request.host), content_type=kind)
        if request.path.endswith((".mp4", ".ts", ".m4a")):
            return web.Response(body=BODY, content_type="video/mp4")
        raise web.HTTPNotFound


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_get("/{name:.*}", site.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.host = f"127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


def site_children() -> list[psutil.Process]:
    return children_with("videomoments.sources.site_child")


class ScriptedClock:
    """Monotonic seconds that only a test lets pass: `step` with each look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now
