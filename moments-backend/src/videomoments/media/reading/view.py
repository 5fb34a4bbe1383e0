"""Presents parts of a file, one after the other, as one file. Runs only in the child."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Self, overload

# Bytes that are read at once.
_WINDOW = 1 << 18


class View:
    """A file object that FFmpeg reads in place of the file. `ranges` are its bytes [first, end)."""

    def __init__(self, path: Path, ranges: Sequence[tuple[int, int]]) -> None:
        self._file = path.open("rb")
        self._ranges = [*ranges]
        self._begins = [0, *accumulate(end - first for first, end in ranges)]
        self._at = 0

    def read(self, count: int = -1) -> bytes:
        size = self._begins[-1]
        if self._at >= size or count == 0:
            return b""
        number = bisect_right(self._begins, self._at) - 1
        first, end = self._ranges[number]
        place = first + self._at - self._begins[number]
        wanted = end - place if count < 0 else min(count, end - place)
        self._file.seek(place)
        data = self._file.read(wanted)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._begins[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


BUFFER = io.DEFAULT_BUFFER_SIZE * 8
"""Bytes of one read."""


class Bytes:
    """Gives access to a file's bytes by position, through a window: mapping a large file would exceed the child's memory limit.

    A slice may reach past the end, as with `bytes`. A single byte there is 0: a truncated file holds nothing more.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._size = self._file.seek(0, os.SEEK_END)
        self._begin = 0
        self._window = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> bytes: ...
    def __getitem__(self, place: int | slice) -> int | bytes:
        if isinstance(place, int):
            return self._read(place, place + 1)[0] if place < self._size else 0
        return self._read(place.start or 0, min(self._size if place.stop is None else place.stop, self._size))

    def find(self, marker: bytes, start: int = 0, end: int | None = None) -> int:
        """Returns the first position of the marker between the two positions; -1 where it does not occur."""
        last = self._size if end is None else min(end, self._size)
        while start < last:
            part = self._read(start, min(start + _WINDOW, last))
            found = part.find(marker)
            if found >= 0:
                return start + found
            start += max(1, len(part) - len(marker) + 1) if start + len(part) < last else len(part)
        return -1

    def _read(self, start: int, end: int) -> bytes:
        if start < self._begin or end > self._begin + len(self._window):
            self._file.seek(start)
            self._begin, self._window = start, self._file.read(max(_WINDOW, end - start))
        return self._window[start - self._begin : max(0, end - self._begin)]
