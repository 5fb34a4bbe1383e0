"""Heads of answers that parsers refuse and browsers read, and those with two meanings or none (F90)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.sloppy_server import BODY, LIMITS, N, Server, answer, comes, fails
from videomoments.sources.http import fetch

_LENGTH = b"Content-Length: %d\r\n" % N
_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (N, BODY)
ODD_ANSWERS = {
    "a length twice": b"HTTP/1.1 200 OK\r\n" + _LENGTH + _LENGTH + b"\r\n" + BODY,
    "a length twice in one line": b"HTTP/1.1 200 OK\r\nContent-Length: %d, %d\r\n\r\n" % (N, N) + BODY,
    "a length and chunks": b"HTTP/1.1 200 OK\r\n" + _LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNKS,
    "a length of nothing and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: Chunked\r\n\r\n" + _CHUNKS,
    "chunks twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNKS,
    "a coding that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n" + _LENGTH + b"\r\n" + BODY,
    "a length with a sign": b"HTTP/1.1 200 OK\r\nContent-Length: +%d\r\n\r\n" % N + BODY,
    "a length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + BODY,
    "an empty length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n" + BODY,
    "a line without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n: x\r\na b: c\r\n" + _LENGTH + b"\r\n" + BODY,
    "a zero byte": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n" + _LENGTH + b"\r\n" + BODY,
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\n" + _LENGTH + b"\r\n" + BODY,
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % N + BODY,
    "lower case": b"http/1.1 200 ok\r\ncontent-length: %d\r\n\r\n" % N + BODY,
    "no reason": b"HTTP/1.1 200\r\n" + _LENGTH + b"\r\n" + BODY,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "HTTP/2 on a line": b"HTTP/2 200\r\n" + _LENGTH + b"\r\n" + BODY,
    "an empty line before": b"\r\nHTTP/1.1 200 OK\r\n" + _LENGTH + b"\r\n" + BODY,
    "hints before": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n" + _LENGTH + b"\r\n" + BODY,
    "cookies that are none": b"HTTP/1.1 200 OK\r\nSet-Cookie: =;;=\xff\r\nSet-Cookie: a b=c; expires=x\r\n" + _LENGTH + b"\r\n" + BODY,
    "200 lines": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + _LENGTH + b"\r\n" + BODY,
}


@pytest.mark.parametrize("name", ODD_ANSWERS)
async def test_f90_answers_that_parsers_refuse_and_browsers_read(server: Server, tmp_path: Path, name: str) -> None:
    server.answers = lambda _: ODD_ANSWERS[name]
    await comes(server, tmp_path)


async def test_f90_a_head_that_comes_in_single_bytes(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        whole = ODD_ANSWERS["hints before"]
        for place in range(len(whole) - N + 3):
            writer.write(whole[place : place + 1])
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(whole[len(whole) - N + 3 :])
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    await fetch(f"http://127.0.0.1:{port}/talk.mp4", tmp_path / "v", limits=LIMITS)
    listening.close()
    assert (tmp_path / "v").read_bytes() == BODY


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: %d\r\n\r\n" % N + BODY,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n" + BODY,
        BODY,
    ],
)
async def test_f90_what_has_two_meanings_or_none_is_refused(server: Server, tmp_path: Path, said: bytes) -> None:
    server.answers = lambda _: said
    assert (await fails(server, tmp_path)).code in ("not_http", "source_unavailable")


ODD_HEADS = {
    "long": ("X-Policy: " + "a" * 40_000,),
    "many": tuple(f"X-{number}: {'b' * 500}" for number in range(60)),
    "raw bytes": (b"X-Name: \xff\xfe", b'ETag: "\xff"', b"Content-Type: video/\xff"),
    "lower case": ("etag: abc", "content-disposition: attachment"),
    "twice": ('ETag: "1"', 'ETag: "1"', "Content-Type: video/mp4", "Content-Type: video/mp4"),
    "nothing behind the colon": ("X-Empty:", "ETag:", "Last-Modified:"),
}


@pytest.mark.parametrize("name", ODD_HEADS)
async def test_f90_odd_heads(server: Server, tmp_path: Path, name: str) -> None:
    server.answers = lambda _: answer(*ODD_HEADS[name])
    await comes(server, tmp_path)


async def test_f90_a_head_without_an_end_is_none(server: Server, tmp_path: Path) -> None:
    server.answers = lambda _: answer("X-Long: " + "a" * 200_000)
    assert (await fails(server, tmp_path)).code == "not_http"
    server.answers = lambda _: b"ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + BODY
    assert (await fails(server, tmp_path)).code == "not_http"
    server.answers = lambda _: answer("icy-name: Radio", "Content-Type: audio/mpeg", length=False)
    assert (await fails(server, tmp_path)).code == "site_live"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("attachment; filename=my talk.mp4", "my talk.mp4"),
        ('attachment; filename="C:\\videos\\my talk.mp4"', "my talk.mp4"),
        ("attachment; filename='a.mp4'; size=3", "a.mp4"),
        ("attachment; filename*=UTF-8''%E6%97%A5.mp4; filename=\"x.mp4\"", "日.mp4"),
        ("attachment; filename*=what''a.mp4", "a.mp4"),
        ('attachment; filename="日本.mp4"', "日本.mp4"),
        (b'attachment; filename="\xfcber.mp4"', "über.mp4"),
        ('attachment; filename="../../etc/pass\x1b[31mwd"', "pass[31mwd"),
        ("inline", "talk.mp4"),
        ('attachment; filename=""', "talk.mp4"),
    ],
)
async def test_f90_names_as_servers_write_them(server: Server, tmp_path: Path, given: str | bytes, name: str) -> None:
    raw = given if isinstance(given, bytes) else given.encode()
    server.answers = lambda _: answer(b"Content-Disposition: " + raw)
    assert await comes(server, tmp_path) == name
