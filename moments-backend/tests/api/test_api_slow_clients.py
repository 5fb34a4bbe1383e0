"""Over real sockets: who holds a connection without asking for anything loses it; who asks, however slowly it pays, does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from videomoments.api.connections import _counted_as
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.api.server import bind, make_server
from videomoments.core.config import Settings

_ASK = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# Nothing here takes so long; what hangs is a failure, not a slow machine.
_WATCHDOG = 60

pytestmark = pytest.mark.usefixtures("deps")


@asynccontextmanager
async def serving(settings: Settings, **changed: float) -> AsyncIterator[int]:
    """An API with these limits, and its port."""
    settings = settings.model_copy(update={"port": 0, **changed})
    with bind(settings) as listener:
        server = make_server(settings, build_deps(settings))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(running, _WATCHDOG)


class Caller:
    """A connection whose bytes the test sends itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Until the other side has closed."""
        try:
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()
                await asyncio.sleep(pause)
                if self.reader.at_eof():
                    return
        except ConnectionError:
            return

    async def answer(self) -> tuple[int, dict[str, object]]:
        """Status and body of one answer."""
        async with asyncio.timeout(_WATCHDOG):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r")[0])
            return int(head.split()[1]), json.loads(await self.reader.readexactly(length))

    async def closed(self) -> bytes:
        """What still comes until the other side closes."""
        try:
            async with asyncio.timeout(_WATCHDOG):
                return await self.reader.read()
        except ConnectionError:
            return b""
        finally:
            self.writer.close()


def dribbled(text: bytes) -> Iterable[bytes]:
    return [text[place : place + 1] for place in range(len(text))]


async def test_a_head_that_comes_byte_by_byte_is_cut(settings: Settings) -> None:
    async with serving(settings, head_seconds=2.0) as port:
        silent, slow = await Caller.to(port), await Caller.to(port)
        await slow.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        asyncio.get_running_loop().create_task(slow.send(*dribbled(b"x" * 2000), pause=0.1))
        status, problem = await slow.answer()
        assert (status, problem["code"]) == (408, "head_too_slow")
        await slow.closed()
        assert await silent.closed() == b"", "nothing was asked, nothing is answered"
        # Nor does an answered request buy the next one any time.
        second = await Caller.to(port)
        await second.send(_ASK)
        assert (await second.answer())[0] == 200
        await second.send(b"GET /hea")
        assert (await second.answer())[1]["code"] == "head_too_slow"
        await second.closed()


async def test_four_hundred_half_open_connections_go(settings: Settings) -> None:
    async with serving(settings, head_seconds=1.0) as port:
        held = [await Caller.to(port) for _ in range(400)]
        await asyncio.gather(*(caller.send(b"GET / HT") for caller in held))
        ends = await asyncio.gather(*(caller.closed() for caller in held))
        # On a slow machine the time of some is over before their first byte is there.
        assert all(end == b"" or end.startswith(b"HTTP/1.1 408 ") for end in ends)
        caller = await Caller.to(port)
        await caller.send(_ASK)
        assert (await caller.answer())[0] == 200
        caller.writer.close()


async def test_requests_sent_ahead_are_all_answered(settings: Settings) -> None:
    async with serving(settings, head_seconds=2.0) as port:
        caller = await Caller.to(port)
        await caller.send(_ASK * 5 + b"GET /he")
        assert [(await caller.answer())[0] for _ in range(5)] == [200] * 5
        assert (await caller.answer())[0] == 408
        await caller.closed()


async def test_empty_lines_keep_no_connection(settings: Settings) -> None:
    async with serving(settings, head_seconds=2.0) as port:
        caller = await Caller.to(port)
        await caller.send(_ASK)
        assert (await caller.answer())[0] == 200
        dribbling = asyncio.create_task(caller.send(*[b"\r\n"] * 2000, pause=0.1))
        await caller.closed()
        await asyncio.wait_for(dribbling, _WATCHDOG)


async def test_a_head_without_end_is_refused(settings: Settings) -> None:
    async with serving(settings) as port:
        caller = await Caller.to(port)
        await caller.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: ")
        sending = asyncio.create_task(caller.send(*[b"x" * 16_384] * 4000))
        await caller.closed()
        await asyncio.wait_for(sending, _WATCHDOG)


async def test_a_connection_that_rests_is_closed(settings: Settings) -> None:
    async with serving(settings, keep_alive_seconds=1) as port:
        caller = await Caller.to(port)
        await caller.send(_ASK)
        assert (await caller.answer())[0] == 200
        assert await caller.closed() == b""


async def test_a_body_that_stops_is_answered_and_cut(settings: Settings) -> None:
    head = b"POST /api/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
    async with serving(settings, body_seconds=0.5) as port:
        for more in ([], dribbled(b" " * 2000)):
            caller = await Caller.to(port)
            await caller.send(head)
            sending = asyncio.create_task(caller.send(*more, pause=0.05))
            status, problem = await caller.answer()
            assert (status, problem["code"]) == (408, "body_too_slow")
            await caller.closed()
            await asyncio.wait_for(sending, _WATCHDOG)


async def test_a_body_that_nobody_wants_keeps_no_connection(settings: Settings) -> None:
    async with serving(settings, head_seconds=2.0) as port:
        caller = await Caller.to(port)
        await caller.send(b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n")
        assert (await caller.answer())[0] == 404
        sending = asyncio.create_task(caller.send(*dribbled(b"x" * 2000), pause=0.1))
        await caller.closed()
        await asyncio.wait_for(sending, _WATCHDOG)


async def test_a_piece_of_an_upload_that_stops_counts_as_far_as_it_came(settings: Settings, deps: ApiDeps) -> None:
    async with serving(settings, body_seconds=0.5) as port:
        caller = await Caller.to(port)
        tus = "Host: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
        await caller.send(f"POST /api/videos/upload HTTP/1.1\r\n{tus}Upload-Length: 4000\r\nContent-Length: 0\r\n\r\n".encode())
        async with asyncio.timeout(_WATCHDOG):
            created = (await caller.reader.readuntil(b"\r\n\r\n")).decode()
        location = next(line.partition(" ")[2] for line in created.splitlines() if line.lower().startswith("location"))
        piece = f"{tus}Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 4000\r\n\r\n"
        caller = await Caller.to(port)
        await caller.send(f"PATCH {location} HTTP/1.1\r\n{piece}".encode() + b"x" * 100)
        assert (await caller.answer())[1]["code"] == "body_too_slow"
        await caller.closed()
        caller = await Caller.to(port)
        await caller.send(f"GET {location} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert (await caller.answer())[1]["received"] == 100
        caller.writer.close()


async def test_one_address_has_so_many_connections(settings: Settings) -> None:
    async with serving(settings, connections_per_address=3) as port:
        held = [await Caller.to(port) for _ in range(3)]
        for caller in held:
            await caller.send(_ASK)
            assert (await caller.answer())[0] == 200
        fourth = await Caller.to(port)
        status, problem = await fourth.answer()
        assert (status, problem["code"]) == (429, "too_many_connections")
        await fourth.closed()
        held.pop().writer.close()
        for _ in range(100):  # until the server has seen it
            again = await Caller.to(port)
            await again.send(_ASK)
            if (await again.answer())[0] == 200:
                break
            await again.closed()
        else:
            pytest.fail("a place that was left is not given again")
        for caller in (*held, again):
            caller.writer.close()


@pytest.mark.parametrize("cap", [1000, 0])
async def test_five_hundred_pollers_of_one_address_pass(settings: Settings, cap: int) -> None:
    assert Settings.model_fields["connections_per_address"].default == 1000
    async with serving(settings, connections_per_address=cap, head_seconds=60, keep_alive_seconds=120) as port:
        pollers = [await Caller.to(port) for _ in range(500)]
        for _ in range(2):
            await asyncio.gather(*(poller.send(b"GET /api/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") for poller in pollers))
            assert {(await poller.answer())[0] for poller in pollers} == {404}
        for poller in pollers:
            poller.writer.close()


def test_a_subscriber_of_ipv6_is_one_address() -> None:
    assert _counted_as("2001:db8:1:2::3") == _counted_as("2001:db8:1:2:ffff::4") != _counted_as("2001:db8:1:3::3")
    assert _counted_as("::ffff:192.0.2.1") == _counted_as("192.0.2.1") == "192.0.2.1"
