"""Downloads from servers that are sloppy and right: they write odd heads, and send the file. What is written here was seen in the wild; the
server writes bytes to the socket, because libraries refuse to."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sources.sites import ScriptedClock
from videomoments.core.errors import AddressRefused, InvalidInput, MomentsError, SourceUnavailable, TooLarge
from videomoments.sources.base import FetchLimits
from videomoments.sources.http import fetch, look
from videomoments.sources.site import _Speed
from videomoments.sources.sniff import Feed, WebPage

BODY = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 1_000
N = len(BODY)
LIMITS = FetchLimits(allow_private="127.0.0.1", first_wait=0.01, longest_wait=0.02, read_timeout=60, connect_timeout=60, min_free_bytes=0)


class Asked:
    def __init__(self, path: str, headers: dict[str, str]) -> None:
        self.path, self.headers = path, headers

    @property
    def begin(self) -> int:
        """Where the part begins that was asked for; 0 where no part was."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


Answer = Callable[[Asked], bytes]


class Cut(bytes):
    """An answer that breaks off, once the client has `taken` so many bytes of the file: what is on the way then may be lost."""

    taken = 0


def cut(whole: bytes, begin: int = 0) -> Cut:
    """The answer, which holds the file from `begin` on, without the last half of that."""
    body = (N - begin) // 2
    made = Cut(whole[: len(whole) - (N - begin) + body])
    made.taken = begin + body
    return made


def answer(*lines: str | bytes, body: bytes = BODY, status: str = "200 OK", length: bool = True) -> bytes:
    """An answer as it goes over the wire: `lines` are header lines as they are."""
    written = [line if isinstance(line, bytes) else line.encode() for line in lines]
    told = [f"Content-Length: {len(body)}".encode()] if length else []
    return b"\r\n".join([f"HTTP/1.1 {status}".encode(), *written, *told, b"", b""]) + body


class Server:
    """Answers each request with what `answers` says, then closes the connection."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.taken = 0
        self.answers: Answer = lambda _: answer()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
            self.asked.append(Asked(head[0].split()[1], headers))
            said = self.answers(self.asked[-1])
            writer.write(said)
            await writer.drain()
            while isinstance(said, Cut) and self.taken < said.taken:
                await asyncio.sleep(0.01)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http://{host}:{port}"
    yield server
    listening.close()


async def comes(server: Server, folder: Path, path: str = "/talk.mp4", limits: FetchLimits = LIMITS) -> str:
    """Fetches what must come whole; answers its label."""

    def take(done: int, _: int | None) -> None:
        server.taken = done

    found = await fetch(server.url + path, folder / "v", limits=limits, on_progress=take)
    assert (folder / "v").read_bytes() == BODY
    assert [file.name for file in folder.iterdir()] == ["v"]
    (folder / "v").unlink()
    return found.file_name


async def fails(server: Server, folder: Path, limits: FetchLimits = LIMITS, path: str = "/talk.mp4") -> MomentsError:
    with pytest.raises(MomentsError) as caught:
        await fetch(server.url + path, folder / "v", limits=limits)
    assert list(folder.iterdir()) == []
    return caught.value


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


def _dropping(head: tuple[str, ...], rest: Callable[[int], bytes]) -> Answer:
    """The first answer breaks off in the middle; `rest` answers who asks for what follows byte N."""
    return lambda asked: rest(asked.begin) if asked.begin else cut(answer(*head))


@pytest.mark.parametrize(
    "told", ["bytes {a}-{z}/*", "bytes={a}-{z}/{n}", "Bytes {a}-{z}/{n}", "bytes  {a} - {z} / {n} ", "bytes {a}-{z}/{n}"]
)
async def test_f90_a_part_is_told_in_many_spellings(server: Server, tmp_path: Path, told: str) -> None:
    def rest(begin: int) -> bytes:
        part = f"Content-Range: {told.format(a=begin, z=N - 1, n=N)}"
        return answer(part, body=BODY[begin:], status="206 Partial Content")

    server.answers = _dropping(('ETag: "1"',), rest)
    await comes(server, tmp_path)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: answer(f"Content-Range: bytes {a - 1}-{N - 1}/{N}", body=BODY[a:], status="206 Partial"),
        lambda a: answer(f"Content-Range: bytes {a}-{N - 1}/{N + 1}", body=BODY[a:], status="206 Partial"),
        lambda a: answer(f"Content-Range: bytes {a}-{a - 9}/{N}", body=BODY[a:], status="206 Partial"),
        lambda a: answer("Content-Type: multipart/byteranges; boundary=x", body=b"--x\r\n" + BODY[a:], status="206 Partial"),
        lambda a: answer(f"Content-Range: bytes {a}-{N - 1}/*", 'ETag: "2"', body=bytes(N - a), status="206 Partial"),
        lambda _: answer(),
        lambda _: answer(f"Content-Range: bytes */{N}", status="416 Range Not Satisfiable", body=b""),
    ],
)
async def test_f90_what_does_not_continue_the_file_is_not_glued_on(server: Server, tmp_path: Path, wrong: Callable[[int], bytes]) -> None:
    def answers(asked: Asked) -> bytes:
        if asked.begin:
            return wrong(asked.begin)
        return answer('ETag: "1"') if len(server.asked) > 1 else cut(answer('ETag: "1"'))

    server.answers = answers
    await comes(server, tmp_path)


async def test_f90_a_part_without_its_validator_can_be_resumed_again(server: Server, tmp_path: Path) -> None:
    def rest(begin: int) -> bytes:
        whole = answer(f"Content-Range: bytes {begin}-{N - 1}/{N}", body=BODY[begin:], status="206 Partial")
        return whole if len(server.asked) > 2 else cut(whole, begin)

    server.answers = _dropping(("Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT", 'ETag: W/"x"'), rest)
    await comes(server, tmp_path)
    assert len(server.asked) == 3
    assert {asked.headers["if-range"] for asked in server.asked[1:]} == {"Mon, 01 Jan 2024 00:00:00 GMT"}


async def test_f90_what_broke_off_behind_the_last_byte_is_whole(server: Server, tmp_path: Path) -> None:
    def answers(asked: Asked) -> bytes:
        if asked.begin:
            return answer(f"Content-Range: bytes */{N}", status="416 Range Not Satisfiable", body=b"")
        chunks = b"%x\r\n%s\r\n" % (N, BODY)  # the last chunk, of nothing, is missing
        made = Cut(answer('ETag: "1"', "Transfer-Encoding: chunked", body=chunks, length=False))
        made.taken = N
        return made

    server.answers = answers
    await comes(server, tmp_path)
    assert [asked.begin for asked in server.asked] == [0, N]


@pytest.mark.parametrize(
    "lines",
    [
        (f"Content-Range: bytes 0-{N - 1}/{N}",),
        (f"Content-Range: bytes 0-{N - 1}/*",),
        (),
    ],
)
async def test_f90_a_part_that_nobody_asked_for_is_the_file(server: Server, tmp_path: Path, lines: tuple[str, ...]) -> None:
    server.answers = lambda _: answer(*lines, status="206 Partial Content")
    await comes(server, tmp_path)
    server.answers = lambda _: answer(f"Content-Range: bytes 5-{N - 1}/{N}", status="206 Partial", body=BODY[5:])
    assert isinstance(await fails(server, tmp_path), SourceUnavailable)


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


async def test_f90_one_that_is_called_like_a_robot_is_let_in(server: Server, tmp_path: Path) -> None:
    server.answers = lambda asked: answer() if "Mozilla" in asked.headers["user-agent"] else answer(status="403 No", body=b"")
    await comes(server, tmp_path)


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


async def test_f90_a_wish_to_be_asked_later_may_be_a_date(server: Server, tmp_path: Path) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    until = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    written = {1: f"Retry-After: {until}", 2: "Retry-After: 7.5", 3: "Retry-After: soon"}

    def busy(_: Asked) -> bytes:
        status = "202 Accepted" if len(server.asked) == 2 else "503 Busy"
        return answer(written[len(server.asked)], status=status, body=b"") if len(server.asked) < 4 else answer()

    server.answers = busy
    await comes(server, tmp_path, limits=replace(LIMITS, longest_wait=20.0, sleep=sleep))
    assert waited[0] > 7.5
    assert waited[1] == 7.5
    assert waited[2] < 2


async def test_f90_a_server_that_drips_is_told_and_let_go(tmp_path: Path) -> None:
    clock = ScriptedClock()
    release = asyncio.Event()
    asked: list[int] = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer('ETag: "1"', body=b"")[:-2].replace(b"Content-Length: 0", b"Content-Length: 100000000") + b"\r\n" + BODY[:4096])
        while not release.is_set() and not writer.is_closing():
            clock.now += 1.0
            writer.write(b"x")
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        writer.close()

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    limits = replace(LIMITS, min_rate=1000, rate_seconds=60.0, clock=clock)
    with pytest.raises(SourceUnavailable) as caught:
        await fetch(f"http://127.0.0.1:{port}/talk.mp4", tmp_path / "v", limits=limits)
    release.set()
    listening.close()
    assert caught.value.code == "source_too_slow"
    assert not caught.value.retryable
    assert "MOMENTS_DOWNLOAD_MIN_RATE" in caught.value.advice
    # A connection that got stuck is tried once more.
    assert len(asked) == 2
    assert list(tmp_path.iterdir()) == []


async def test_f90_a_file_of_no_told_length_comes_for_so_long_only(server: Server, tmp_path: Path) -> None:
    clock = ScriptedClock(step=1000.0)
    server.answers = lambda _: answer(length=False, body=BODY)
    limits = replace(LIMITS, min_rate=0, open_ended_timeout=900.0, clock=clock)
    error = await fails(server, tmp_path, limits)
    assert (error.code, error.retryable) == ("source_endless", False)
    await comes(server, tmp_path, limits=replace(limits, clock=ScriptedClock()))


@pytest.mark.parametrize("url", ["{}/talk.mp4  ", "\u200b{}/talk.mp4\ufeff", "{}/talk.mp4\u00a0\n"])
async def test_f90_what_is_copied_along_with_an_address_is_left_out(server: Server, tmp_path: Path, url: str) -> None:
    await fetch(url.format(server.url), tmp_path / "v", limits=LIMITS)
    assert server.asked[0].path == "/talk.mp4"


async def test_f90_another_download_goes_on_where_this_one_gave_up(server: Server, tmp_path: Path) -> None:
    def take(done: int, _: int | None) -> None:
        server.taken = done

    target, away = tmp_path / "v", answer(status="503 Away", body=b"")
    server.answers = lambda asked: away if asked.begin else cut(answer('ETag: "1"'))
    for url in (f"{server.url}/talk.mp4", f"{server.url}/other.mp4"):
        server.taken = 0
        with pytest.raises(SourceUnavailable):
            await fetch(url, target, limits=LIMITS, on_progress=take, resumes=True)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["v.part", "v.part.json"]
    server.asked.clear()
    server.answers = lambda asked: answer(f"Content-Range: bytes {asked.begin}-{N - 1}/{N}", body=BODY[asked.begin :], status="206 Part")
    await fetch(f"{server.url}/other.mp4", target, limits=LIMITS, resumes=True)
    assert target.read_bytes() == BODY
    assert [asked.begin for asked in server.asked] == [N // 2]
    assert [file.name for file in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("note", ["", "{", "[]", '{"url": 1}', '{"url": "URL", "done": 9999999, "total": 5, "validator": "x"}'])
async def test_f90_what_was_left_behind_and_does_not_fit_is_removed(server: Server, tmp_path: Path, note: str) -> None:
    (tmp_path / "v.part").write_bytes(b"something else")
    (tmp_path / "v.part.json").write_text(note.replace("URL", f"{server.url}/talk.mp4"))
    found = await fetch(f"{server.url}/talk.mp4", tmp_path / "v", limits=LIMITS, resumes=True)
    assert found.path.read_bytes() == BODY
    assert [asked.begin for asked in server.asked] == [0]
    assert [file.name for file in tmp_path.iterdir()] == ["v"]


async def test_f90_a_site_that_drips_is_let_go_too() -> None:
    clock = ScriptedClock()
    speed = _Speed(replace(LIMITS, min_rate=1000, rate_seconds=60.0, clock=clock))
    done = 0
    for _ in range(1000):  # quick enough, with pauses between its parts
        clock.now += 100.0
        done += 110_000
        speed.at(done)

    def drip() -> None:
        for second in range(1, 300):
            clock.now += 1.0
            speed.at(done + second)

    with pytest.raises(SourceUnavailable) as caught:
        drip()
    assert (caught.value.code, caught.value.retryable) == ("source_too_slow", False)
