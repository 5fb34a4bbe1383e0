"""A source that was reached and breaks off is waited for, like a model: handed back, shown, resumed, and not for ever. Part of F90."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text

from media.makers import draw
from sources.sites import Site, site
from support.backend import one, run_of, settings_over
from support.stack import Stack
from support.workers import end_of, until, working
from videomoments.core.config import Limits, Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.pipeline.stages.video_download import VIDEO_DOWNLOAD
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services
from videomoments.sources import FetchLimits

__all__ = ["site"]


@pytest.fixture
def settings(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    of = FetchLimits.of
    monkeypatch.setattr(FetchLimits, "of", lambda settings: replace(of(settings), first_wait=0.01, longest_wait=0.05))
    alone = Limits(pipelines=1)
    return settings_over(stack, tmp_path, allow_private="127.0.0.1", limits=alone, model_retry_seconds=0.5, source_wait_seconds=3600.0)


class Shaky:
    """A file of which the first answer breaks off in the middle; then its server is `away` until it is not."""

    def __init__(self, site: Site, body: bytes) -> None:
        self.body, self.away, self.cut = body, True, True
        self.begun: list[int] = []
        self.taken = asyncio.Event()
        self.how: Callable[[], web.HTTPException] = web.HTTPServiceUnavailable
        site.pages["/talk.mp4"] = self.answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        begin = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if self.begun and self.away:
            raise self.how()
        self.begun.append(begin)
        headers = {"ETag": '"1"', "Content-Type": "video/mp4"}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(self.body) - 1}/{len(self.body)}"
        response = web.StreamResponse(status=206 if begin else 200, headers=headers)
        response.content_length = len(self.body) - begin
        await response.prepare(request)
        if not self.cut:
            await response.write(self.body[begin:])
            return response
        self.cut = False
        await response.write(self.body[: len(self.body) // 2])
        await self.taken.wait()
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
def shaky(site: Site, tmp_path: Path) -> Shaky:
    return Shaky(site, draw(tmp_path / "a.mp4", seconds=2).path.read_bytes())


async def started(services: Services, url: str) -> Accepted:
    video, _ = await services.videos.register_url(url)
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions()))


async def waiting(services: Services, run: Accepted) -> RunView:
    async def waits() -> bool:
        return await one(services, "SELECT retry_at IS NOT NULL FROM pipeline_history WHERE identifier = :id", id=run.request_id)

    await until(waits)
    return await run_of(services, run.request_id)


async def broken_off(services: Services, run: Accepted, shaky: Shaky) -> None:
    """Once all that was sent has arrived, the connection ends: what is on the way then may be lost."""

    async def arrived() -> bool:
        stage = (await run_of(services, run.request_id)).stages[0]
        return (stage.progress or 0.0) > 0.29  # of 0.6 for all of it

    await until(arrived)
    shaky.taken.set()


async def test_f90_a_source_that_breaks_off_is_waited_for_and_taken_up_where_it_was(services: Services, site: Site, shaky: Shaky) -> None:
    run = await started(services, f"{site.url}/talk.mp4")
    async with working(services, stages=(VIDEO_DOWNLOAD,)):
        await broken_off(services, run, shaky)
        view = await waiting(services, run)
        assert (view.status, view.waiting_for, view.stalled) == (RunStatus.PROCESSING, "source", False)
        assert view.stages[0].waiting_for == "source"
        # Whoever waits holds up nobody: there is one place.
        other = await started(services, f"{site.url}/none")
        assert (await end_of(services, other.request_id)).status is RunStatus.FAILED
        shaky.away = False
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert (done.crashes, done.waiting_for) == (0, None)
    assert done.attempt > 1
    assert shaky.begun == [0, len(shaky.body) // 2], "what had arrived was kept over the attempts"
    video = await services.videos.get(done.video_id)
    assert video.size_bytes == len(shaky.body)
    assert not (services.settings.work_folder / run.request_id).exists()


async def test_f90_a_source_that_does_not_come_back_is_waited_for_so_long(services: Services, site: Site, shaky: Shaky) -> None:
    run = await started(services, f"{site.url}/talk.mp4")
    async with working(services, stages=(VIDEO_DOWNLOAD,)):
        await broken_off(services, run, shaky)
        await waiting(services, run)
        async with services.database.transaction() as session:
            await session.execute(text("UPDATE pipeline_history SET waiting_since = waiting_since - interval '2 hours'"))
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.FAILED
    assert done.error is not None
    assert (done.error.code, done.error.stage) == ("source_unavailable", StageName.VIDEO_DOWNLOAD)
    assert "It was waited for for 60 minutes." in done.error.message
    assert done.waiting_for is None


async def test_f90_a_run_that_waits_for_its_source_can_be_cancelled(services: Services, site: Site, shaky: Shaky) -> None:
    run = await started(services, f"{site.url}/talk.mp4")
    async with working(services, stages=(VIDEO_DOWNLOAD,)):
        await broken_off(services, run, shaky)
        await waiting(services, run)
        await services.runs.request_cancel(run.request_id)
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.CANCELLED


async def test_f90_a_source_that_says_when_to_come_again_is_there(services: Services, site: Site, shaky: Shaky) -> None:
    def busy() -> web.HTTPException:
        return web.HTTPTooManyRequests(headers={"Retry-After": "1"})

    shaky.how, shaky.cut = busy, False
    shaky.begun.append(0)
    run = await started(services, f"{site.url}/talk.mp4")
    async with working(services, stages=(VIDEO_DOWNLOAD,)):
        assert (await waiting(services, run)).waiting_for == "source"
        shaky.away = False
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert done.waiting_for is None


async def test_f90_a_source_that_never_answered_is_not_waited_for(services: Services, site: Site) -> None:
    async def down(_: web.Request) -> web.StreamResponse:
        raise web.HTTPServiceUnavailable

    site.pages["/talk.mp4"] = down
    for url in ("http://127.0.0.1:1/talk.mp4", f"{site.url}/talk.mp4"):
        run = await started(services, url)
        async with working(services, stages=(VIDEO_DOWNLOAD,)):
            done = await end_of(services, run.request_id)
        assert done.status is RunStatus.FAILED
        assert done.attempt == 1
