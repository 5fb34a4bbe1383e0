"""What an address leads to, for somebody to choose from."""

from __future__ import annotations

import httpx
import pytest

from sources.sites import Site, site
from videomoments.api.deps import ApiDeps
from videomoments.core.config import Settings

__all__ = ["site"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"allow_private": "127.0.0.1"})


async def test_the_videos_of_a_page_are_listed_and_not_registered(client: httpx.AsyncClient, deps: ApiDeps, site: Site) -> None:
    site.pages["/many"] = "<title>Many</title>" + "".join(f'<video src="/{number}.mp4"></video>' for number in range(5))
    answer = await client.post("/api/videos/list", json={"url": f"{site.url}/many", "max_videos": 2})
    assert answer.status_code == 200, answer.text
    assert [video["url"] for video in answer.json()["videos"]] == [f"{site.url}/0.mp4", f"{site.url}/1.mp4"]
    assert (await client.get("/api/videos")).json()["items"] == []
    alone = await client.post("/api/videos/list", json={"url": f"{site.url}/a.mp4"})
    assert alone.json() == {"title": "", "videos": [], "total": 1}


async def test_what_can_not_be_listed_is_the_callers_mistake(client: httpx.AsyncClient, site: Site) -> None:
    for url, code in (
        (f"{site.url}/missing", "source_not_found"),
        ("http://10.0.0.1/list", "address_refused"),
        ("gs://a/b", "invalid_url"),
    ):
        answer = await client.post("/api/videos/list", json={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
