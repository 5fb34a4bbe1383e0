"""Lists, manifests, subtitles and archives in disguise, served over HTTP: refused, and none of their lures is followed. The same uploaded:
`tests/api/test_api_decoys.py`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from media.canaries import listener, opened_files
from media.makers import draw
from sources.decoys import decoys, pages
from sources.sites import Handler, Site, site
from videomoments.core.errors import MomentsError
from videomoments.media.engine import MediaEngine
from videomoments.sources import FetchLimits, fetch

__all__ = ["site"]

CODES = {"not_a_media_url", "not_media", "truncated", "address_refused", "empty_file"}


async def told(url: str, folder: Path, limits: FetchLimits) -> str:
    """The code that the first stage's two looks at a source end with: while it comes in, and when it is measured."""
    try:
        found = await fetch(url, folder / "v", limits=limits)
        await MediaEngine().probe(found.path)
    except MomentsError as error:
        return f"{error.code}, to be tried again" if error.retryable else error.code
    finally:
        (folder / "v").unlink(missing_ok=True)
        assert list(folder.iterdir()) == []
    return "taken"


def _as(content: bytes, kind: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Type": kind})

    return answer


@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream"])
async def test_what_is_no_media_is_refused_and_its_lures_are_not_followed(kind: str, site: Site, tmp_path: Path) -> None:
    bait, folder = tmp_path / "bait", tmp_path / "work"
    bait.mkdir()
    folder.mkdir()
    for name in ("canary.ts", "canary.mp4"):
        draw(bait / name, seconds=0.2, size=(32, 32), audio=None)
    (bait / "canary.txt").write_text("secret")
    # The site is allowed by its name alone: whatever a lure calls by an address is not.
    host = "localhost:" + site.host.partition(":")[2]
    limits = FetchLimits(allow_private="localhost", first_wait=0.01, longest_wait=0.02, attempts=1, min_free_bytes=0)
    codes: dict[str, str] = {}
    with listener() as (port, hits):
        made = decoys(bait, port)
        with opened_files(bait) as opened:
            for name, content in made.items():
                site.pages[f"/{name}.mp4"] = _as(content, kind)
                codes[name] = await told(f"http://{host}/{name}.mp4", folder, limits)
            for name, page in pages(bait, port).items() if kind == "video/mp4" else ():
                site.pages[f"/{name}.mp4"] = page
                codes[name] = await told(f"http://{host}/{name}.mp4", folder, limits)
            await asyncio.sleep(0.2)
    assert {name: code for name, code in codes.items() if code not in CODES} == {}
    assert len(codes) > 50 or kind != "video/mp4"
    assert hits == []
    assert opened == set()


async def test_honest_names_for_lists_are_refused_by_their_type(site: Site, tmp_path: Path) -> None:
    limits = FetchLimits(allow_private="127.0.0.1", min_free_bytes=0)
    kinds = "application/vnd.apple.mpegurl audio/x-mpegurl application/dash+xml application/x-subrip application/zip image/svg+xml text/vtt"
    for kind in kinds.split():
        site.pages["/list"] = _as(b"anything", kind)
        assert await told(f"{site.url}/list", tmp_path, limits) == "not_a_media_url"
