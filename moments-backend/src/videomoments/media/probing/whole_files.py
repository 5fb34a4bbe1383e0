"""Finds where each of several concatenated files begins, by its own header. Runs only in the child.

A demuxer reads the first of them and does not mention the others, or takes one's index for the packets of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from videomoments.media.reading.view import Bytes

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
# A FLAC stream's marker, and the header of its first block, which is always 34 bytes long (RFC 9639, 7 and 8.2).
_FLAC, _FIRST_BLOCKS = b"fLaC", (b"\x00\x00\x00\x22", b"\x80\x00\x00\x22")
# Flag of an Ogg page that begins a logical stream (RFC 3533, 6).
_FIRST_PAGE = 2
_OGG_HEADER = 27
_TICKS_EVERY = 1 << 14
# Bytes that are searched from one tick to the next.
_SEARCHED = 1 << 22


def later_files(path: Path, container: str, tick: Callable[[], None]) -> list[int]:
    """Returns the bytes at which the second and further files begin, in a file that FFmpeg's demuxer `container` opens."""
    walk = next((found for name, found in _WALKS.items() if name in container.split(",")), None)
    if walk is None or path.stat().st_size == 0:
        return []
    with Bytes(path) as data:
        return [at for at in walk(data, tick) if at > 0]


def _boxes(data: Bytes, tick: Callable[[], None]) -> Iterator[int]:
    """Yields each file type box after a movie, for MP4 and MOV (ISO/IEC 14496-12, 4.2)."""
    at, has_movie = 0, False
    while at + 16 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind == b"ftyp" and has_movie:
            yield at
            has_movie = False
        has_movie |= kind == b"moov"
        length = int.from_bytes(data[at + 8 : at + 16]) if length == 1 else length
        if length < 8:
            return
        at += length
        tick()


def _ebml(data: Bytes, tick: Callable[[], None]) -> Iterator[int]:
    """Yields each header after a segment of known size, for Matroska (RFC 8794, 11.2)."""
    at = 0
    while data[at : at + 4] == _EBML:
        yield at
        tick()
        begin = data.find(_SEGMENT, at, at + 4096)
        size, width = _number(data, begin + 4) if begin >= 0 else (None, 0)
        if size is None:
            return
        at = begin + 4 + width + size


def _number(data: Bytes, at: int) -> tuple[int | None, int]:
    """Returns an EBML number and its width; None for one that is marked as unknown (RFC 8794, 4 and 6.2)."""
    width = 9 - data[at].bit_length()
    if width > 8:
        return None, 0
    value = int.from_bytes(data[at : at + width]) & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width


def _riff(data: Bytes, tick: Callable[[], None]) -> Iterator[int]:
    """Yields each chunk of the first one's kind, for WAV and AVI. Chunks that continue an AVI have another kind."""
    kind, at = data[8:12], 0
    while data[at : at + 4] == b"RIFF":
        if data[at + 8 : at + 12] == kind:
            yield at
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        tick()


def _pages(data: Bytes, tick: Callable[[], None]) -> Iterator[int]:
    """Yields each page that begins a stream after one that does not, for Ogg."""
    at, number, data_seen = 0, 0, False
    while data[at : at + 4] == b"OggS":
        first = bool(data[at + 5] & _FIRST_PAGE)
        if first and data_seen:
            yield at
        data_seen = not first
        segments = data[at + 26]
        at += _OGG_HEADER + segments + sum(data[at + _OGG_HEADER : at + _OGG_HEADER + segments])
        number += 1
        if number % _TICKS_EVERY == 0:
            tick()


def _markers(data: Bytes, tick: Callable[[], None]) -> Iterator[int]:
    """Yields each stream marker, for FLAC."""
    at = 0
    while at < len(data):
        found = data.find(_FLAC, at, at + _SEARCHED + len(_FLAC) - 1)
        if found >= 0 and data[found + 4 : found + 8] in _FIRST_BLOCKS:
            yield found
        at = found + 1 if found >= 0 else at + _SEARCHED
        tick()


_WALKS: dict[str, Callable[[Bytes, Callable[[], None]], Iterator[int]]] = {
    "mov": _boxes,
    "matroska": _ebml,
    "wav": _riff,
    "avi": _riff,
    "ogg": _pages,
    "flac": _markers,
}
