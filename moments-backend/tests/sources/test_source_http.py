"""Downloads against a real server that misbehaves in the ways real servers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from videomoments.core.errors import (
    AddressRefused,
    InvalidInput,
    MomentsError,
    NotFound,
    OutOfSpace,
    SourceUnavailable,
    TooLarge,
    UnsupportedMedia,
)
from videomoments.sources.fetch_types import FetchLimits
from videomoments.sources.http import fetch

BODY = bytes(range(256)) * 8_000  # 2 MB
LIMITS = FetchLimits(allow_private="127.0.0.1", first_wait=0.01, longest_wait=0.05, read_timeout=60, connect_timeout=60, min_free_bytes=0)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers `/x.mp4` with whatever `handler` the test sets, and counts."""

    def __init__(self) -> None:
        self.url = ""
        self.handler: Handler = self.whole
        self.requests: list[web.Request] = []
        self.taken: int | None = None

    async def whole(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=BODY, headers={"Content-Type": "video/mp4", "ETag": '"1"'})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.handler(request)

    def dropping(self, at: int, *, etag: str = '"1"', ranges: bool = True) -> Handler:
        """Sends at most `at` bytes of what was asked for, then breaks the connection off; not before the client has `taken` them, where a
        test tells that: a drop may take bytes on the way with it."""

        async def handler(request: web.Request) -> web.StreamResponse:
            start = 0
            asked = request.headers.get("Range", "")
            headers = {"Content-Type": "video/mp4", "ETag": etag}
            if asked and ranges and request.headers.get("If-Range") == etag:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                headers["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
            response = web.StreamResponse(status=206 if start else 200, headers=headers)
            response.content_length = len(BODY) - start
            await response.prepare(request)
            await response.write(BODY[start : start + at])
            if start + at < len(BODY):
                assert request.transport is not None
                await asyncio.sleep(0.02)
                while self.taken is not None and self.taken < start + at:
                    await asyncio.sleep(0.01)
                request.transport.close()
            return response

        return handler


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    application = web.Application()
    application.router.add_get("/{name:.*}", server.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    yield server
    await runner.cleanup()


async def failing(server: Server, target: Path, limits: FetchLimits = LIMITS, path: str = "/x.mp4") -> MomentsError:
    """Fetches what must fail; nothing is left, and the message is one line without the URL's query."""
    with pytest.raises(MomentsError) as caught:
        await fetch(f"{server.url}{path}?token=secret", target, limits=limits)
    assert list(target.parent.iterdir()) == []
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    return caught.value


async def test_a_whole_file(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetched = await fetch(
        f"{server.url}/My%20talk.mp4", tmp_path / "v", limits=LIMITS, on_progress=lambda done, total: seen.append((done, total))
    )
    assert (tmp_path / "v").read_bytes() == BODY
    assert (fetched.size, fetched.etag, fetched.content_type, fetched.file_name) == (len(BODY), '"1"', "video/mp4", "My talk.mp4")
    assert seen[-1] == (len(BODY), len(BODY))
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


async def test_the_name_comes_from_the_content_disposition(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=BODY, headers={"Content-Disposition": "attachment; filename*=UTF-8''..%2F..%2F%C3%BCber.mp4"})

    server.handler = handler
    assert (await fetch(f"{server.url}/x", tmp_path / "v", limits=LIMITS)).file_name == "über.mp4"


async def test_f58_a_body_cut_at_60_percent_is_resumed_from_there(server: Server, tmp_path: Path) -> None:
    server.handler = server.dropping(len(BODY) * 6 // 10)
    fetched = await fetch(f"{server.url}/x.mp4", tmp_path / "v", limits=LIMITS)
    assert (tmp_path / "v").read_bytes() == BODY
    assert fetched.size == len(BODY)
    begun = [int(request.headers["Range"].removeprefix("bytes=").removesuffix("-")) for request in server.requests[1:]]
    assert begun
    assert all(0 < start <= len(BODY) * 6 // 10 for start in begun[:1])


async def test_f58_a_dropped_body_is_resumed(server: Server, tmp_path: Path) -> None:
    server.handler = server.dropping(len(BODY) // 4 + 10)

    def take(done: int, _: int | None) -> None:
        server.taken = done

    server.taken = 0
    await fetch(f"{server.url}/x.mp4", tmp_path / "v", limits=replace(LIMITS, attempts=2), on_progress=take)
    assert (tmp_path / "v").read_bytes() == BODY
    assert len(server.requests) == 4
    assert all(request.headers["If-Range"] == '"1"' for request in server.requests[1:])


async def test_f58_a_file_that_changed_meanwhile_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    first, second = server.dropping(1000, etag='"old"'), server.dropping(len(BODY), etag='"new"')
    server.handler = lambda request: (first if len(server.requests) == 1 else second)(request)
    fetched = await fetch(f"{server.url}/x.mp4", tmp_path / "v", limits=LIMITS)
    assert (tmp_path / "v").read_bytes() == BODY
    assert fetched.etag == '"new"'


async def test_f58_a_server_that_never_gets_through_fails_in_the_end(server: Server, tmp_path: Path) -> None:
    server.handler = server.dropping(len(BODY) * 6 // 10, ranges=False)
    error = await failing(server, tmp_path / "v")
    assert isinstance(error, SourceUnavailable)
    assert error.retryable
    assert len(server.requests) == LIMITS.attempts + 1


async def test_f58_a_wrong_range_is_not_glued_on(server: Server, tmp_path: Path) -> None:
    drop = server.dropping(1000)

    async def wrong(request: web.Request) -> web.StreamResponse:
        if "Range" in request.headers:
            headers = {"Content-Range": f"bytes 0-{len(BODY) - 1}/{len(BODY)}", "Content-Type": "video/mp4"}
            return web.Response(status=206, body=BODY, headers=headers)
        return await (drop if len(server.requests) == 1 else server.whole)(request)

    server.handler = wrong
    await fetch(f"{server.url}/x.mp4", tmp_path / "v", limits=LIMITS)
    assert (tmp_path / "v").read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "kind", "code", "retryable", "tries"),
    [
        (404, NotFound, "source_not_found", False, 1),
        (410, NotFound, "source_not_found", False, 1),
        (401, SourceUnavailable, "source_refused", False, 1),
        (403, SourceUnavailable, "source_refused", False, 1),
        (400, SourceUnavailable, "source_unavailable", False, 1),
        (304, SourceUnavailable, "source_unavailable", False, 1),
        (500, SourceUnavailable, "source_unavailable", True, 4),
        (503, SourceUnavailable, "source_unavailable", True, 4),
        (429, SourceUnavailable, "source_unavailable", True, 4),
    ],
)
async def test_refusals(
    server: Server, tmp_path: Path, status: int, kind: type[MomentsError], code: str, retryable: bool, tries: int
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    server.handler = handler
    error = await failing(server, tmp_path / "v")
    assert isinstance(error, kind)
    assert (error.code, error.retryable, len(server.requests)) == (code, retryable, tries)


@pytest.mark.parametrize(("longest_wait", "expected"), [(20.0, 7.0), (2.0, 6.0)])
async def test_retry_after_is_honoured_up_to_a_limit(server: Server, tmp_path: Path, longest_wait: float, expected: float) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if len(server.requests) == 1:
            return web.Response(status=503, headers={"Retry-After": "7"})
        return await server.whole(request)

    server.handler = handler
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    await fetch(f"{server.url}/x", tmp_path / "v", limits=replace(LIMITS, longest_wait=longest_wait, sleep=sleep))
    assert waited == [expected]


async def test_a_port_where_nobody_answers(server: Server, tmp_path: Path) -> None:
    server.url = "http://127.0.0.1:1"
    error = await failing(server, tmp_path / "v")
    assert isinstance(error, SourceUnavailable)
    assert error.retryable


async def test_f42_a_server_that_hangs(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    server.handler = handler
    error = await failing(server, tmp_path / "v", replace(LIMITS, attempts=1, read_timeout=0.2))
    assert error.retryable
    assert "took too long" in str(error)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    server.handler = drip
    error = await failing(server, tmp_path / "v", replace(LIMITS, total_timeout=0.4))
    assert isinstance(error, SourceUnavailable)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=utf-8", b"hello"),
        ("application/json", b"{}"),
        ("application/vnd.apple.mpegurl", b"#EXTM3U"),
        ("image/png", b"x"),
        ("video/mp4", b"\n <!DOCTYPE HTML><html>"),
        ("application/octet-stream", b"#EXTM3U\n#EXTINF"),
    ],
)
async def test_a_page_is_not_media(server: Server, tmp_path: Path, content_type: str, body: bytes) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": content_type})

    server.handler = handler
    error = await failing(server, tmp_path / "v")
    assert isinstance(error, InvalidInput)
    assert error.code == "not_a_media_url"


async def test_nothing_is_an_empty_file(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"", headers={"Content-Type": "video/mp4"})

    server.handler = handler
    error = await failing(server, tmp_path / "v")
    assert isinstance(error, UnsupportedMedia)
    assert error.code == "empty_file"


@pytest.mark.parametrize("told", [True, False])
async def test_too_large_whether_told_or_not(server: Server, tmp_path: Path, told: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        if told:
            response.content_length = len(BODY)
        await response.prepare(request)
        await response.write(BODY)
        return response

    server.handler = handler
    assert isinstance(await failing(server, tmp_path / "v", replace(LIMITS, max_bytes=1_000_000)), TooLarge)


async def test_f62_no_room_is_said_before_the_download(server: Server, tmp_path: Path) -> None:
    error = await failing(server, tmp_path / "v", replace(LIMITS, min_free_bytes=2**60))
    assert isinstance(error, OutOfSpace)
    assert error.retryable
    assert len(server.requests) == 1


async def test_redirects_are_followed_and_each_is_checked(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/a":
                raise web.HTTPFound("/b?x=1")
            case "/b":
                raise web.HTTPTemporaryRedirect(f"{server.url}/End.mp4")
            case "/loop":
                raise web.HTTPFound("/loop")
            case "/private":
                raise web.HTTPFound("http://127.0.0.2:9/")
            case "/metadata":
                raise web.HTTPFound("http://[::ffff:169.254.169.254]/latest")
            case "/number":
                raise web.HTTPFound("http://2130706433/")
            case "/file":
                raise web.HTTPFound("file:///etc/passwd")
            case "/user":
                raise web.HTTPFound("http://user:secret@example.com/")
        return await server.whole(request)

    server.handler = handler
    assert (await fetch(f"{server.url}/a", tmp_path / "v", limits=LIMITS)).file_name == "End.mp4"
    (tmp_path / "v").unlink()
    for path in ("/private", "/metadata", "/number"):
        assert isinstance(await failing(server, tmp_path / "v", path=path), AddressRefused), path
    for path in ("/file", "/user"):
        assert isinstance(await failing(server, tmp_path / "v", path=path), InvalidInput)
    assert (await failing(server, tmp_path / "v", path="/loop")).code == "too_many_redirects"


async def test_private_addresses_are_refused_without_a_request(server: Server, tmp_path: Path) -> None:
    for limits in (replace(LIMITS, allow_private=""), replace(LIMITS, allow_private="10.0.0.0/8")):
        assert isinstance(await failing(server, tmp_path / "v", limits), AddressRefused)
    server.url = server.url.replace("127.0.0.1", "localhost")
    assert isinstance(await failing(server, tmp_path / "v", replace(LIMITS, allow_private="")), AddressRefused)
    assert server.requests == []
    server.handler = server.whole
    await fetch(f"{server.url}/x", tmp_path / "v", limits=replace(LIMITS, allow_private="localhost"))


async def test_f29_a_cancelled_download_leaves_nothing(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        while True:
            await response.write(BODY[:10_000])
            await asyncio.sleep(0.01)

    server.handler = handler
    started = asyncio.Event()
    task = asyncio.create_task(fetch(f"{server.url}/x", tmp_path / "v", limits=LIMITS, on_progress=lambda _done, _total: started.set()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []
