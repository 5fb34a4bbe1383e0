"""Whole runs on real speech whose store is a cloud's: what people get is served by the cloud, at signed addresses that expire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from aiohttp import web

from pipeline.scripted import scripted_model
from speech.fixtures import SpeechLibrary
from speech.makers import part
from support.fakes.gcs_server import Gcs
from support.fakes.model_server import Behaviour, ModelServer
from support.fakes.object_server import ObjectServer, serving
from support.fakes.s3_server import S3
from support.workers import end_of, stage_of, working
from videomoments.api.app import create_app
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.pipeline import refinement_calls
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services

pytestmark = pytest.mark.story


@pytest.fixture(params=["s3", "gs"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    server: ObjectServer = S3() if request.param == "s3" else Gcs()
    with serving(server):
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def settings(cloud: ObjectServer, settings: Settings) -> Settings:
    scheme = "s3" if isinstance(cloud, S3) else "gs"
    return settings.model_copy(update={"storage_url": f"{scheme}://bucket/an/installation"})


@pytest.fixture
async def deps(settings: Settings, services: Services) -> AsyncIterator[ApiDeps]:
    built = build_deps(settings)
    yield built
    await built.services.close()


async def run_over(services: Services, path: Path, **options: Any) -> tuple[str, RunView]:
    video, _ = await services.videos.register_local(path)
    accepted = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))
    async with working(services, stages=STAGES):
        return video.identifier, await end_of(services, accepted.request_id)


async def fetched(client: httpx.AsyncClient, url: str, **headers: str) -> httpx.Response:
    answer = await client.get(url, headers=headers)
    assert answer.status_code in (200, 206), (url.partition("?")[0], answer.status_code)
    return answer


async def test_f81_a_run_lives_in_rows_and_the_cloud_from_source_to_clip(
    cloud: ObjectServer, services: Services, deps: ApiDeps, settings: Settings, speech: SpeechLibrary
) -> None:
    path = speech.get(".mp4", part, 0.0, 45.0).path
    video, done = await run_over(services, path)
    assert done.status is RunStatus.COMPLETED, done.error
    assert cloud.uploads == {}, "no upload is left unfinished"
    assert all(key.startswith("an/installation/videos/") for _, key in cloud.objects)
    left = [found for found in settings.home.rglob("*") if found.is_file()]
    assert left == [], "no second truth beside database and bucket: whatever knows of the run is reached by every machine"

    transport = httpx.ASGITransport(create_app(deps))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7005") as api, httpx.AsyncClient() as browser:
        stream = (await api.get(f"/api/videos/{video}/stream")).json()
        assert stream["url"].partition("/an/")[0] == f"http://127.0.0.1:{cloud.port}/bucket"
        source = path.read_bytes()
        assert (await fetched(browser, stream["url"])).content == source
        piece = await fetched(browser, stream["url"], Range="bytes=100-299")
        assert (piece.status_code, piece.content) == (206, source[100:300])
        assert (await browser.get(stream["url"][:-1] + ("0" if stream["url"][-1] != "0" else "1"))).status_code == 403

        still = (await api.get(f"/api/videos/{video}/thumbnail")).headers["Location"]
        assert (await fetched(browser, still)).content.startswith(b"\xff\xd8")
        moments = (await api.get(f"/api/videos/{video}/moments")).json()["items"]
        assert moments
        for moment in moments:
            clip = moment["clip"]
            body = (await fetched(browser, clip["url"])).content
            assert (len(body), body[4:8]) == (clip["size_bytes"], b"ftyp")
            assert (await fetched(browser, clip["thumbnail"]["url"])).content.startswith(b"\xff\xd8")
            saved = await api.get(clip["download_url"])
            assert saved.content == body
            assert f"filename*=UTF-8''{quote(moment['title'], safe='')}.mp4" in saved.headers["Content-Disposition"]
            assert (await api.get(clip["download_url"], headers={"Range": "bytes=4-7"})).content == b"ftyp"
            assert (await api.get(clip["download_url"], headers={"If-None-Match": saved.headers["ETag"]})).status_code == 304
            assert (await api.get(clip["download_url"].replace("delivered", "input"))).status_code == 403

        assert (await api.delete(f"/api/videos/{video}", params={"purge": "true"})).json()["purged"] is True
    assert cloud.objects == {}, "a deleted video leaves nothing in the bucket"


def watching(addresses: list[str], wait: float) -> Behaviour:
    """A video model with a queue: it fetches the clip after `wait` seconds and, where that is refused, says so as servers do."""

    async def play(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        [address] = [entry["video_url"]["url"] for entry in body["messages"][-1]["content"] if entry["type"] == "video_url"]
        addresses.append(address)
        await asyncio.sleep(wait)
        async with httpx.AsyncClient() as client:
            answer = await client.get(address)
        if answer.status_code != 200:
            said = f"{answer.status_code}, message='{answer.reason_phrase}', url='{address}'"
            return web.json_response({"error": {"message": said}}, status=400)
        return web.json_response({"choices": [{"message": {"content": "not JSON"}}]})

    return play


async def test_f55_an_address_that_expired_in_a_model_s_queue_is_minted_anew(
    cloud: ObjectServer, services: Services, speech: SpeechLibrary, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first call waits longer than its address lives. The second gets another one, and the moment is refined."""
    monkeypatch.setattr(refinement_calls, "_URL_LIFE", timedelta(seconds=1))
    addresses: list[str] = []
    async with ModelServer() as server:
        await services.models.put(scripted_model(server, "watcher", supports_video=True))
        server.script += [watching(addresses, 2.5)]
        path = speech.get(".mp4", part, 0.0, 45.0).path
        _, done = await run_over(services, path, refinement_model="watcher", clips="none", max_moments=1)
    assert done.status is RunStatus.COMPLETED, done.error
    refusal = "AccessDenied" if isinstance(cloud, S3) else "ExpiredToken"
    assert cloud.refusals == [refusal]
    sent = [str(request.body) for request in server.requests]
    assert len(sent) == 2
    assert addresses[0] in sent[0]
    assert addresses[0] not in sent[1]
    assert addresses[0].partition("?")[0] in sent[1]
    refined = stage_of(done, StageName.MOMENT_REFINEMENT)
    assert (refined.status, refined.reason) == ("completed", None)
    assert "ignature=" not in caplog.text
