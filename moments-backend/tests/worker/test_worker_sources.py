"""VIDEO_DOWNLOAD in a worker, from sites and URLs of this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from media.makers import draw
from sources.sites import Site, site
from support.backend import one, settings_over
from support.stack import Stack
from support.workers import end_of, stage_of, working
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict
from videomoments.core.names import RunStatus, StageName
from videomoments.pipeline.stages.video_download import VIDEO_DOWNLOAD
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services

__all__ = ["site"]

PAGE = """<html><script type="application/ld+json">{"@context": "https://schema.org", "@type": "VideoObject", "name": "A talk",
"uploadDate": "2025-01-02", "contentUrl": "http://HOST/talk.mp4", "hasPart": [{"@type": "Clip", "name": "Intro", "startOffset": 0,
"endOffset": 1}, {"@type": "Clip", "name": "Main", "startOffset": 1, "endOffset": 60}, {"@type": "Clip", "name": "Beyond",
"startOffset": 60, "endOffset": 90}]}</script></html>"""


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack, tmp_path, allow_private="127.0.0.1")


def serve(site: Site, body: bytes) -> None:
    async def talk(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="video/mp4", headers={"ETag": f'"{hash(body)}"'})

    site.pages["/talk.mp4"] = talk


async def downloaded(services: Services, url: str, **options: Any) -> tuple[str, RunView]:
    """The video's identifier, and the run at its end; only its first stage is played."""
    video, _ = await services.videos.register_url(url)
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))
    async with working(services, stages=(VIDEO_DOWNLOAD,)):
        return video.identifier, await end_of(services, run.request_id)


async def test_a_sites_title_and_chapters_are_kept(services: Services, site: Site, tmp_path: Path) -> None:
    serve(site, draw(tmp_path / "a.mp4", seconds=3).path.read_bytes())
    site.pages["/watch"] = PAGE
    identifier, run = await downloaded(services, f"{site.url}/watch")
    assert run.status is RunStatus.COMPLETED, run.error
    video = await services.videos.get(identifier)
    assert video.title == "A talk"
    assert [(chapter["start"], chapter["title"]) for chapter in (video.media_info or {})["chapters"]] == [(0.0, "Intro"), (1.0, "Main")]
    told = await services.videos.source_info(identifier)
    assert (told["published"], len(told["sha256"]), told["of"]) == ("20250102", 64, 1)


async def test_picture_and_sound_of_a_page_with_many_videos_is_the_first(services: Services, site: Site, tmp_path: Path) -> None:
    serve(site, draw(tmp_path / "a.mp4", seconds=1).path.read_bytes())
    site.pages["/watch"] = '<video src="/talk.mp4"></video><video src="/other.mp4"></video>'
    _, run = await downloaded(services, f"{site.url}/watch")
    assert run.status is RunStatus.COMPLETED, run.error
    assert "the first of 2 videos" in stage_of(run, StageName.VIDEO_DOWNLOAD).reason


async def test_f69_a_url_that_is_asked_for_in_parallel_is_downloaded_once(services: Services, site: Site, tmp_path: Path) -> None:
    serve(site, draw(tmp_path / "a.mp4", seconds=1).path.read_bytes())
    snapshot = await services.models.snapshot(RunOptions())

    async def ask(number: int) -> str | None:
        video, _ = await services.videos.register_url(f"{site.url.replace('http', 'HTTP')}/talk.mp4#t={number}")
        try:
            return (await services.runs.accept(video.identifier, snapshot)).request_id
        except Conflict:
            return None

    begun = [run for run in await asyncio.gather(*(ask(number) for number in range(20))) if run]
    assert len(begun) == 1
    async with working(services, stages=(VIDEO_DOWNLOAD,), count=2):
        first = await end_of(services, begun[0])
    assert first.status is RunStatus.COMPLETED, first.error
    assert site.asked == ["/talk.mp4"]
    _, second = await downloaded(services, f"{site.url}/talk.mp4")
    assert stage_of(second, StageName.VIDEO_DOWNLOAD).reason == "stored by an earlier run"
    assert site.asked == ["/talk.mp4"]


async def test_f69_asked_to_it_is_downloaded_again_and_what_did_not_change_stays(services: Services, site: Site, tmp_path: Path) -> None:
    serve(site, draw(tmp_path / "a.mp4", seconds=1).path.read_bytes())
    identifier, _ = await downloaded(services, f"{site.url}/talk.mp4")
    kept = await one(services, "SELECT cloud_url FROM videos WHERE identifier = :id", id=identifier)
    _, same = await downloaded(services, f"{site.url}/talk.mp4", refresh=True)
    assert stage_of(same, StageName.VIDEO_DOWNLOAD).reason == "downloaded again: unchanged"
    assert await one(services, "SELECT cloud_url FROM videos WHERE identifier = :id", id=identifier) == kept
    serve(site, draw(tmp_path / "b.mp4", seconds=2).path.read_bytes())
    _, changed = await downloaded(services, f"{site.url}/talk.mp4", refresh=True)
    assert changed.status is RunStatus.COMPLETED, changed.error
    assert await one(services, "SELECT cloud_url FROM videos WHERE identifier = :id", id=identifier) != kept
    assert await one(services, "SELECT round(duration) FROM videos WHERE identifier = :id", id=identifier) == 2
    assert len(site.asked) == 3
