"""Servers that are busy, or drip: waited for, told, and let go (F90)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sources.sites import ScriptedClock
from support.sloppy_server import BODY, LIMITS, Asked, Server, answer, comes, fails
from videomoments.core.errors import SourceUnavailable
from videomoments.sources.http import fetch
from videomoments.sources.site import _Speed


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
