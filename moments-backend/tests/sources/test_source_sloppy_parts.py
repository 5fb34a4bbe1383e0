"""Downloads that break off and go on: parts as sloppy servers write them, and what does not continue the file (F90)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.sloppy_server import BODY, LIMITS, Answer, Asked, Cut, N, Server, answer, comes, cut, fails
from videomoments.core.errors import SourceUnavailable
from videomoments.sources.http import fetch


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
