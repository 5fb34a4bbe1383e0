"""A server that writes its answers to the socket byte by byte, because libraries refuse to write what is seen in the wild."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from videomoments.core.errors import MomentsError
from videomoments.sources.fetch_types import FetchLimits
from videomoments.sources.http import fetch

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
