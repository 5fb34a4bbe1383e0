"""Downloads from servers that are sloppy and right: bytes, types, redirects and cookies as they were seen in the wild (F90)."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from support.sloppy_server import BODY, LIMITS, Asked, Server, answer, comes, fails
from videomoments.core.errors import AddressRefused, InvalidInput, SourceUnavailable, TooLarge
from videomoments.sources.http import fetch, look
from videomoments.sources.sniff import Feed, WebPage


@pytest.mark.parametrize(
    "written", ["", "UTF-8", "none", "binary", "aws-chunked", "8bit", "7bit", "Identity", "identity, none", "utf-8; q=1", "video/mp4"]
)
async def test_f90_what_is_no_compression_is_none(server: Server, tmp_path: Path, written: str) -> None:
    server.answers = lambda _: answer(f"Content-Encoding: {written}", "Content-Type: video/mp4")
    await comes(server, tmp_path)
    assert len(server.asked) == 1


def _raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


@pytest.mark.parametrize(
    ("claimed", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:])),
        ("gzip", gzip.compress(BODY) + bytes(100)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", _raw_deflate(BODY)),
        ("deflate", gzip.compress(BODY)),
        ("gzip", BODY),
        ("br", BODY),
        ("zstd", BODY),
        ("compress", BODY),
    ],
)
async def test_f90_bytes_say_whether_they_are_compressed(server: Server, tmp_path: Path, claimed: str, body: bytes) -> None:
    server.answers = lambda _: answer(f"Content-Encoding: {claimed}", 'ETag: "1"', body=body)
    await comes(server, tmp_path)


async def test_f90_compressed_bytes_keep_every_guard(server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.answers = lambda _: answer("Content-Encoding: gzip", body=bomb)
    assert isinstance(await fails(server, tmp_path, replace(LIMITS, max_bytes=5_000_000)), TooLarge)
    server.answers = lambda _: answer("Content-Encoding: gzip", body=gzip.compress(b"<html><body>hello" * 500))
    assert isinstance(await fails(server, tmp_path), WebPage)
    server.answers = lambda _: answer("Content-Encoding: gzip", body=gzip.compress(BODY)[:-200])
    error = await fails(server, tmp_path)
    assert "end in the middle" in error.message
    # Lengths and ranges are those of the compressed bytes: it is fetched from its beginning again.
    assert all("range" not in asked.headers for asked in server.asked)
    server.answers = lambda _: answer("Content-Encoding: br", body=b"\x8b\x02\x80" + bytes(range(255, 0, -1)) * 20)
    assert (await fails(server, tmp_path)).code == "source_compressed"


TYPES = [
    *(
        "text/vnd.trolltech.linguist",
        "text/plain",
        "text/html",
        "application/xml",
        "application/json",
        "image/jpeg",
        "mp4",
        "",
        "video/mp4, video/mp4",
    ),
    *("application/force-download", "audio/x-mpegurl", "application/zip", "VIDEO/MP4; charset=UTF-8", "text/html; charset=\xff"),
]


@pytest.mark.parametrize("written", TYPES)
async def test_f90_bytes_and_not_types_say_what_a_file_is(server: Server, tmp_path: Path, written: str) -> None:
    server.answers = lambda _: answer(b"content-type: " + written.encode("latin-1"), "Content-Type: text/html")
    await comes(server, tmp_path)
    await look(server.url + "/x", limits=LIMITS)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!-- a page -->\n<!DOCTYPE html><html>", WebPage),
        (b"<rss version='2.0'><channel>", Feed),
        (b"<?xml version='1.0'?>\n<?xml-stylesheet href='a'?>\n<!-- x --><feed xmlns='http://www.w3.org/2005/Atom'>", Feed),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', Feed),
        (b"#EXTM3U\n", InvalidInput),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), InvalidInput),
        (b"PK\x03\x04" + bytes(100), InvalidInput),
    ],
)
@pytest.mark.parametrize("written", ["video/mp4", "application/octet-stream", "text/plain"])
async def test_f90_what_calls_itself_media_is_looked_at_however_it_drips(
    server: Server, tmp_path: Path, body: bytes, kind: type[InvalidInput], written: str
) -> None:
    pieces = b"".join(b"1\r\n%c\r\n" % sign for sign in body) + b"0\r\n\r\n"
    server.answers = lambda _: answer(f"Content-Type: {written}", "Transfer-Encoding: chunked", body=pieces, length=False)
    error = await fails(server, tmp_path)
    assert type(error) is kind
    assert error.code == "not_a_media_url"
    with pytest.raises(kind):
        await look(server.url + "/x", limits=LIMITS)


async def test_f90_comments_without_an_end_take_no_time(server: Server, tmp_path: Path) -> None:
    # Each comment could be ended at any later mark: 2 to the 500th ways to read this.
    server.answers = lambda _: answer(body=b"<!-- -->" * 600)
    assert (await fails(server, tmp_path)).code == "not_a_media_url"


async def test_f90_ten_redirects_and_no_more(server: Server, tmp_path: Path) -> None:
    def leading(asked: Asked) -> bytes:
        left = int(asked.path.removeprefix("/"))
        return answer(f"Location: /{left - 1}", status="302 Found", body=b"<html>moved") if left else answer()

    server.answers = leading
    await comes(server, tmp_path, "/10")
    assert (await fails(server, tmp_path, path="/11")).code == "too_many_redirects"


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (b"/a b.mp4", "/a%20b.mp4"),
        ("/ü.mp4".encode(), "/%C3%BC.mp4"),
        ("/ü.mp4".encode("latin-1"), "/%C3%BC.mp4"),
        (b"b.mp4", "/x/b.mp4"),
        (b"../b.mp4#t=3", "/b.mp4"),
        (b"?sig=a%2Fb%3D%2B", "/x/talk.mp4?sig=a%2Fb%3D%2B"),
        (b"//HOST/%7Ea.mp4?p=%41", "/%7Ea.mp4?p=%41"),
        (b"HTTP://HOST/c.mp4  ", "/c.mp4"),
        (b"/100%.mp4", "/100%25.mp4"),
    ],
)
@pytest.mark.parametrize("status", ["301 Moved", "307", "300 Multiple Choices"])
async def test_f90_redirects_as_servers_write_them(server: Server, tmp_path: Path, location: bytes, asked: str, status: str) -> None:
    where = location.replace(b"HOST", server.url.removeprefix("http://").encode())
    server.answers = lambda one: answer(b"Location: " + where, status=status, body=b"") if one.path == "/x/talk.mp4" else answer()
    await comes(server, tmp_path, "/x/talk.mp4") if b"?sig" not in location else None
    if b"?sig" in location:
        server.answers = lambda one: answer(b"location: " + where, status=status, body=b"") if "sig" not in one.path else answer()
        await comes(server, tmp_path, "/x/talk.mp4")
    assert server.asked[-1].path == asked


async def test_f90_redirects_keep_the_guard(server: Server, tmp_path: Path) -> None:
    for where, kind in (("http://127.0.0.2:1/", AddressRefused), ("http://2130706433/", AddressRefused), ("ftp://a/b", InvalidInput)):
        server.answers = lambda _, where=where: answer(f"Location: {where}", status="302 Found", body=b"")
        assert isinstance(await fails(server, tmp_path), kind)
    for lines in ((), ("Location: ",), ("Location: http://[::1/",)):
        server.answers = lambda _, lines=lines: answer(*lines, status="302 Found", body=b"")
        error = await fails(server, tmp_path)
        assert isinstance(error, SourceUnavailable)
        assert not error.retryable


async def test_f90_a_cookie_that_a_redirect_gives_is_shown_behind_it(server: Server, tmp_path: Path) -> None:
    def gated(asked: Asked) -> bytes:
        if "seen=a/b==" in asked.headers.get("cookie", ""):
            return answer()
        return answer("Set-Cookie: seen=a/b==; Path=/", "Location: /talk.mp4", status="302 Found", body=b"")

    server.answers = gated
    await comes(server, tmp_path)
    # It belongs to that download alone.
    await comes(server, tmp_path)
    assert ["cookie" in asked.headers for asked in server.asked] == [False, True, False, True]


async def test_f90_one_that_is_called_like_a_robot_is_let_in(server: Server, tmp_path: Path) -> None:
    server.answers = lambda asked: answer() if "Mozilla" in asked.headers["user-agent"] else answer(status="403 No", body=b"")
    await comes(server, tmp_path)


@pytest.mark.parametrize("url", ["{}/talk.mp4  ", "\u200b{}/talk.mp4\ufeff", "{}/talk.mp4\u00a0\n"])
async def test_f90_what_is_copied_along_with_an_address_is_left_out(server: Server, tmp_path: Path, url: str) -> None:
    await fetch(url.format(server.url), tmp_path / "v", limits=LIMITS)
    assert server.asked[0].path == "/talk.mp4"
