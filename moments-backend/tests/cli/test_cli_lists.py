"""Playlists on the command line: from a page with several videos, by the real yt-dlp."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
import typer

from sources.sites import Site, site
from videomoments.cli import lists
from videomoments.cli.source import Source, label_of
from videomoments.core.config import Settings

__all__ = ["site"]


@pytest.fixture
def settings() -> Settings:
    return Settings(allow_private="127.0.0.1")


async def expanded(url: str, settings: Settings, *, max_videos: int = 10, yes: bool = False) -> list[Source]:
    return await asyncio.to_thread(lists.expand, [Source(url, label_of(url))], settings, max_videos=max_videos, yes=yes)


async def test_a_page_with_videos_becomes_them_when_told_so(site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/many"] = "<title>Many</title>" + "".join(f'<video src="/{number}.mp4"></video>' for number in range(5))
    found = await expanded(f"{site.url}/many", settings, max_videos=3, yes=True)
    assert [source.name for source in found] == [f"{site.url}/{number}.mp4" for number in range(3)]
    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(typer.BadParameter) as asked:
            await expanded(f"{site.url}/many", settings, max_videos=3)
    assert "leads to 5 videos" in str(asked.value)
    assert "--yes" in str(asked.value)


async def test_one_video_a_file_and_what_is_not_there_stay_as_they_are(site: Site, settings: Settings) -> None:
    for path in ("page", "v.mp4", "nothing"):
        assert [source.name for source in await expanded(f"{site.url}/{path}", settings)] == [f"{site.url}/{path}"]
    assert "/v.mp4" not in site.asked
