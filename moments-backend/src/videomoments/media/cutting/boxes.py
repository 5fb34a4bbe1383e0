"""Edits MP4 boxes for which the muxer has no option (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from videomoments.media.failures import CannotCopy

# Far above the header of any clip: an hour of one-packet chunks is 5 MB.
_LARGEST_HEADER = 64 * 1024**2


def end_track(path: Path, handler: bytes, seconds: float) -> None:
    """Makes the first `handler` track (`vide`, `soun`) end after `seconds`: what begins later is not shown (8.6.6).

    The file must begin with its header and have one edit in the track, perhaps after an empty one, as FFmpeg writes them. Raises CannotCopy
    where it doesn't.
    """
    with path.open("r+b") as file:
        head = _head(file)
        movie = _first(head, 0, len(head), b"moov")
        whole, _ = _first(head, *movie, b"mvhd")
        scale = _read(head, whole + (20 if head[whole] else 12), wide=False)
        tracks = list(_all(head, *movie, b"trak"))
        track = next((track for track in tracks if _handler(head, track) == handler), None)
        if track is None:
            raise CannotCopy("the file has no such track")
        edits, _ = _first(head, *_first(head, *track, b"edts"), b"elst")
        wide = bool(head[edits])
        count, size = _read(head, edits + 4, wide=False), 20 if wide else 12
        earlier = sum(_read(head, edits + 8 + number * size, wide=wide) for number in range(count - 1))
        # Rounded down, because an edit that reached the next picture's time would show it.
        length = max(earlier + 1, int(seconds * scale))
        _write(head, edits + 8 + (count - 1) * size, length - earlier, wide=wide)
        begin, _ = _first(head, *track, b"tkhd")
        _write(head, begin + (28 if head[begin] else 20), length, wide=bool(head[begin]))
        _write(head, whole + (24 if head[whole] else 16), max(_length(head, track) for track in tracks), wide=bool(head[whole]))
        file.seek(0)
        file.write(head[: movie[1]])


def _head(file: BinaryIO) -> bytearray:
    """Reads the file up to the end of its header, without its media, which may be large. Raises CannotCopy where the header is not at the
    start."""
    head = bytearray()
    kind = b""
    while kind != b"moov":
        box = file.read(8)
        size, kind = int.from_bytes(box[:4]), box[4:]
        if size < len(box) or len(head) + size > _LARGEST_HEADER:
            raise CannotCopy("the file does not begin with its header")
        head += box + file.read(size - len(box))
    return head


def _handler(data: bytearray, track: tuple[int, int]) -> bytes:
    at, _ = _first(data, *_first(data, *track, b"mdia"), b"hdlr")
    return bytes(data[at + 8 : at + 12])


def _length(data: bytearray, track: tuple[int, int]) -> int:
    at, _ = _first(data, *track, b"tkhd")
    return _read(data, at + (28 if data[at] else 20), wide=bool(data[at]))


def _read(data: bytearray, at: int, *, wide: bool) -> int:
    return int.from_bytes(data[at : at + (8 if wide else 4)])


def _write(data: bytearray, at: int, value: int, *, wide: bool) -> None:
    data[at : at + (8 if wide else 4)] = value.to_bytes(8 if wide else 4)


def _all(data: bytearray, begin: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """Yields where the contents of each box of this kind begin and end, between two offsets."""
    while begin + 8 <= end:
        size, found = struct.unpack_from(">I4s", data, begin)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, begin + 8)
            header = 16
        if size < header:
            return
        if found == kind:
            yield begin + header, min(begin + size, end)
        begin += size


def _first(data: bytearray, begin: int, end: int, kind: bytes) -> tuple[int, int]:
    found = next(_all(data, begin, end, kind), None)
    if found is None:
        raise CannotCopy(f"the file has no {kind.decode()} box")
    return found
