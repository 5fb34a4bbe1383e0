"""The built page beside the API, on one address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from videomoments.api.webui import WebuiOrApi


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>VideoMoments</title>")
    (tmp_path / "assets" / "main-abc.js").write_text("1;" * 2000)
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async def api(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({"path": scope["path"]})(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(WebuiOrApi(api, lambda: folder)), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/library", "/videos/0123-abc", "/apiary"])
async def test_its_own_addresses_get_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "VideoMoments" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/api", "/api/videos", "/api/nothing", "/health", "/ready", "/metrics"])
async def test_the_apis_addresses_stay_its_own(client: httpx.AsyncClient, path: str) -> None:
    assert json.loads((await client.get(path)).text) == {"path": path}


async def test_assets_may_be_kept_for_good_and_travel_small(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/main-abc.js")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == "1;" * 2000


@pytest.mark.parametrize("path", ["/assets/main-old.js", "/robots.txt", "/%2e%2e/%2e%2e/etc/passwd.txt", "/a%00b.js"])
async def test_files_that_are_not_there_are_not_found(client: httpx.AsyncClient, path: str) -> None:
    """F80: nothing outside the folder, and an old page's script is never answered with HTML."""
    assert (await client.get(path)).status_code == 404


async def test_f80_a_way_out_of_the_folder_leads_to_the_page(client: httpx.AsyncClient, folder: Path) -> None:
    (folder.parent / "secret").write_text("secret")
    for path in ("/%2e%2e/secret", "/assets/%2e%2e/%2e%2e/secret"):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, (folder / "index.html").read_text()), path


async def test_writing_goes_to_the_api(client: httpx.AsyncClient) -> None:
    assert (await client.post("/library")).json() == {"path": "/library"}


async def test_without_a_build_it_says_how_to_make_one() -> None:
    async def api(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError(scope["path"])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(WebuiOrApi(api, lambda: None)), base_url="http://localhost") as client:
        answer = await client.get("/")
    assert answer.status_code == 404
    assert "moments serve" in answer.text
