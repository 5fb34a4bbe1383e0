"""Writes a file while its next bytes arrive: a thread writes one block while the event loop receives the next."""

from __future__ import annotations

import asyncio
import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from videomoments.core.tasks import forgotten, joined

Piece = bytes | memoryview
# Large enough that handing over costs little compared with writing, small enough that two of them need little memory.
_BLOCK_BYTES = 4 * 1024**2
# Less is not handed over while more may come.
_WORTH_A_THREAD_BYTES = 1024**2
# `writev` takes 1024 at most.
_MOST_PIECES = 512


class WriteBehind:
    """Writes the file at `path` from byte `at` on, and discards what it held from there. `written` counts the bytes added to it.

    When the block is left, all accepted bytes are in the file, even after an error inside it; after a cancellation they may not be.
    Entering and leaving raise OSError.
    """

    def __init__(self, path: Path, *, at: int = 0) -> None:
        self.written = 0
        self._path = path
        self._at = at
        self._gathered: list[Piece] = []
        self._gathered_bytes = 0
        self._writing: asyncio.Future[int] | None = None

    async def __aenter__(self) -> Self:
        self._file = await asyncio.to_thread(_opened, self._path, self._at)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                await self.flush()
        finally:
            self._close()

    async def write(self, piece: Piece) -> None:
        """Accepts the piece, which must not change any more. Waits only while the disk is a whole block behind. Raises OSError for this
        piece or one before it."""
        self._gathered.append(piece)
        self._gathered_bytes += len(piece)
        full = self._gathered_bytes >= _BLOCK_BYTES or len(self._gathered) >= _MOST_PIECES
        idle = self._writing is None or self._writing.done()
        if full or (idle and self._gathered_bytes >= _WORTH_A_THREAD_BYTES):
            await self._hand_over()

    async def flush(self) -> None:
        """Returns when all accepted bytes are in the file. Raises OSError."""
        await self._hand_over()
        await self._settle()

    def _close(self) -> None:
        # Not while the thread still writes: its descriptor could be reused, and another file be written to.
        if self._writing is None or self._writing.done():
            self._file.close()
        else:
            forgotten(self._writing)
            self._writing.add_done_callback(lambda _: self._file.close())

    async def _hand_over(self) -> None:
        await self._settle()
        if self._gathered:
            block, self._gathered, self._gathered_bytes = self._gathered, [], 0
            self._writing = asyncio.get_running_loop().run_in_executor(None, _write_all, self._file.fileno(), block)

    async def _settle(self) -> None:
        if self._writing is not None:
            # A cancelled future would look as if the thread no longer used the file.
            self.written += await joined(self._writing)
            self._writing = None


def _opened(path: Path, at: int) -> FileIO:
    file = FileIO(path, "r+" if at else "w")
    try:
        file.seek(at)
        file.truncate()
    except OSError:
        file.close()
        raise
    return file


def _write_all(descriptor: int, pieces: list[Piece]) -> int:
    """Writes the pieces without joining them. Returns how many bytes they were."""
    total = 0
    left = [view for piece in pieces if (view := memoryview(piece)).nbytes]
    while left:
        count = os.writev(descriptor, left)
        total += count
        while left and count >= left[0].nbytes:
            count -= left.pop(0).nbytes
        if count:
            left[0] = left[0][count:]
    return total
