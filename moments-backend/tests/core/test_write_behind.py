from __future__ import annotations

import asyncio
import os
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from videomoments.core.write_behind import WriteBehind

MEGABYTE = 1024**2


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As a full disk: what is written beyond fails, after a part of it was taken."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [1, 1000, MEGABYTE - 1, 5 * MEGABYTE])
async def test_pieces_of_any_size_are_in_the_file_in_order(size: int, tmp_path: Path) -> None:
    pieces = [os.urandom(size) for _ in range(2000 if size < MEGABYTE // 2 else 9)]
    async with WriteBehind(tmp_path / "a") as writer:
        for number, piece in enumerate(pieces):
            await writer.write(memoryview(piece) if number % 2 else piece)
    assert (tmp_path / "a").read_bytes() == b"".join(pieces)
    assert writer.written == sum(map(len, pieces))


async def test_it_goes_on_in_the_middle_and_cuts_off_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"kept, and rubbish of another file")
    async with WriteBehind(path, at=6) as writer:
        await writer.write(b"new")
    assert path.read_bytes() == b"kept, new"
    assert writer.written == 3


async def test_after_an_error_what_was_taken_is_in_the_file(tmp_path: Path) -> None:
    """F58: what is asked for next follows what is there."""
    writer = WriteBehind(tmp_path / "a")

    async def broken_off() -> None:
        async with writer:
            await writer.write(b"first")
            await writer.write(b"second")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await broken_off()
    assert (tmp_path / "a").read_bytes() == b"firstsecond"
    assert writer.written == 11


async def test_a_full_disk_is_an_error_and_nothing_beyond_it_counts_as_written(tmp_path: Path) -> None:
    """F62."""
    writer = WriteBehind(tmp_path / "a")

    async def too_much() -> None:
        async with writer:
            for _ in range(9):
                await writer.write(bytes(MEGABYTE))

    with files_of_at_most(6 * MEGABYTE), pytest.raises(OSError, match="too large"):
        await too_much()
    assert writer.written <= 6 * MEGABYTE


async def test_a_cancelled_writer_keeps_its_file_open_until_the_thread_has_left_it(tmp_path: Path) -> None:
    """The descriptor would be given anew, and what is still being written would land in another file."""
    loop, gate, path = asyncio.get_running_loop(), threading.Event(), tmp_path / "a"
    with ThreadPoolExecutor(1) as one:
        loop.set_default_executor(one)
        held = asyncio.Event()

        async def work() -> None:
            async with WriteBehind(path) as writer:
                loop.run_in_executor(None, gate.wait)
                await writer.write(bytes(5 * MEGABYTE))  # handed over, behind the gate
                held.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await held.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.set()
        await asyncio.to_thread(int)
    assert path.stat().st_size == 5 * MEGABYTE
