"""MP4 boxes that the muxer can't be told to write otherwise (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

# Far above the header of any clip: an hour of one-packet chunks is 5 MB.
_LARGEST_HEADER = 64 * 1024**2


def shorten_edit(path: Path, handler: bytes, seconds: float) -> None:
    """Makes the last edit of the first `handler` track (`vide`, `soun`) end after `seconds`. The file's header comes first.

    Pictures that begin later are then not shown (8.6.6). Raises ValueError where the file has no such edit.
    """
    with path.open("r+b") as file:
        head = file.read(_LARGEST_HEADER)
        movie = _first(head, 0, len(head), b"moov")
        scale = _timescale(head, *_first(head, *movie, b"mvhd"))
        for track in _all(head, *movie, b"trak"):
            media = _first(head, *track, b"mdia")
            if head[_first(head, *media, b"hdlr")[0] + 8 :][:4] != handler:
                continue
            begin, _ = _first(head, *_first(head, *track, b"edts"), b"elst")
            wide = head[begin] == 1
            count = int.from_bytes(head[begin + 4 : begin + 8])
            size, form = (20, ">Q") if wide else (12, ">I")
            at = begin + 8 + (count - 1) * size
            earlier = sum(struct.unpack_from(form, head, begin + 8 + number * size)[0] for number in range(count - 1))
            file.seek(at)
            # Rounded down: an edit that reached the next picture's time would show it.
            file.write(struct.pack(form, max(1, int(seconds * scale) - earlier)))
            return
    raise ValueError("the file has no such edit")


def _timescale(data: bytes, begin: int, _: int) -> int:
    at = begin + (20 if data[begin] == 1 else 12)
    return int.from_bytes(data[at : at + 4])


def _all(data: bytes, begin: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """Where the contents of each box of this kind begin and end, between two offsets."""
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


def _first(data: bytes, begin: int, end: int, kind: bytes) -> tuple[int, int]:
    found = next(_all(data, begin, end, kind), None)
    if found is None:
        raise ValueError(f"the file has no {kind.decode()} box")
    return found
