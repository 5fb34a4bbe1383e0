"""No URL that a person can write makes a download connect to an address that is not public. The same list goes through the API in
`tests/api/test_api_hostile.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from sources.hostile import HOSTILE, REDIRECTS, everybody, scripted_names, watched
from videomoments.core.errors import AddressRefused, MomentsError
from videomoments.sources import FetchLimits, fetch

__all__ = ["scripted_names"]

LIMITS = FetchLimits(
    allow_private="away.test", first_wait=0.01, longest_wait=0.02, connect_timeout=60, read_timeout=60, attempts=3, min_free_bytes=0
)
CODES = {
    "address_refused",
    "invalid_url",
    "url_has_credentials",
    "invalid_source",
    "bucket_refused",
    "source_unavailable",
    "too_many_redirects",
}


@pytest.fixture
async def away() -> AsyncIterator[tuple[int, dict[str, str]]]:
    """The port of a server that sends each path on to where it says."""
    targets: dict[str, str] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": targets[request.path.lstrip("/")]})

    application = web.Application()
    application.router.add_get("/{path}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], targets
    await runner.cleanup()


async def told(url: str, folder: Path) -> MomentsError:
    with pytest.raises(MomentsError) as caught:
        async with asyncio.timeout(60):
            await fetch(url, folder / "v", limits=LIMITS)
    assert list(folder.iterdir()) == []
    assert "secret" not in str(caught.value)
    return caught.value


def test_the_list_is_long_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE)
    assert len(HOSTILE) + len(REDIRECTS) >= 150


@pytest.mark.usefixtures("scripted_names")
async def test_no_url_connects_to_an_address_that_is_not_public(tmp_path: Path) -> None:
    codes: dict[str, str] = {}
    with everybody() as (port, hits), watched(set()) as connections:
        for url in HOSTILE:
            codes[url] = (await told(url.replace("PORT", str(port)), tmp_path)).code
    assert hits == []
    assert connections.private == []
    assert {url: code for url, code in codes.items() if code not in CODES} == {}
    # What was meant to be found out only while connecting got that far: the first answer of a name that changes its mind is tried.
    assert {place[0] for place in connections.public} >= {"8.8.8.8", "2606:4700:4700::1111"}
    assert codes["http://rebind.test:PORT/a.mp4"] == codes["http://rebind6.test:PORT/a.mp4"] == "address_refused"
    assert sum(code == "address_refused" for code in codes.values()) > 100


@pytest.mark.usefixtures("scripted_names")
async def test_no_redirect_connects_to_an_address_that_is_not_public(tmp_path: Path, away: tuple[int, dict[str, str]]) -> None:
    server, targets = away
    codes: dict[str, str] = {}
    with everybody() as (port, hits), watched({server}) as connections:
        targets.update({path: target.replace("PORT", str(port)) for path, target in REDIRECTS.items()})
        for path in REDIRECTS:
            codes[path] = (await told(f"http://away.test:{server}/{path}", tmp_path)).code
    assert hits == []
    assert connections.private == []
    assert {path: code for path, code in codes.items() if code not in CODES} == {}
    assert codes["ours"] == codes["chain"] == codes["private"] == AddressRefused.code
    assert codes["loop"] == "too_many_redirects"
