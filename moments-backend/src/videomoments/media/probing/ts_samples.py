"""Checks at many places, without reading the whole file, whether a long transport stream seems to have one clock. Runs only in the child.

The layout of packets is that of ISO/IEC 13818-1, 2.4.3; the times are those of PES packets, 2.4.3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from videomoments.media.clock import LONGEST_GAP, WRAP

_PACKET = 188
_SYNC = 0x47
_PLACES = 2000
_READ = 64 * 1024
# Files of fewer bytes are read: whatever length they claim, a few places show little.
_CHEAP = 500 * _READ
# How many times as long as usual the time between two places may be, because bit rates vary.
_STRETCHED = 4.0


def seems_of_one_clock(path: Path, tick: Callable[[], None]) -> bool:
    """Returns whether the stream seems to have one clock. Also returns False where the layout is unknown or reading is cheap: then all is
    read."""
    size = path.stat().st_size
    if size < _CHEAP:
        return False
    step = max(size // _PLACES, _READ)
    seen: list[float] = []
    with path.open("rb") as file:
        for place in range(0, size, step):
            file.seek(place)
            at = next(_times(file.read(_READ)), None)
            if at is not None:
                seen.append(at)
            tick()
    if len(seen) * 2 < size // step:
        return False
    wrap = float(WRAP)
    advanced = [(later - earlier + wrap / 2) % wrap - wrap / 2 for earlier, later in pairwise(seen)]
    if not advanced:
        return True
    usual = sorted(advanced)[len(advanced) // 2]
    # Two streams are interleaved: one may give the time at one place, and the other at the next.
    return min(advanced) > -1.0 and max(advanced) < LONGEST_GAP + _STRETCHED * max(usual, 0.0)


def _times(data: bytes) -> Iterator[float]:
    """Yields presentation times in seconds, in the order of the bytes."""
    at = next((at for at in range(min(len(data), 4 * _PACKET)) if _in_step(data, at)), None)
    if at is None:
        return
    for begin in range(at, len(data) - _PACKET + 1, _PACKET):
        if data[begin] != _SYNC:
            return
        time = _time_of(data[begin : begin + _PACKET])
        if time is not None:
            yield time


def _in_step(data: bytes, at: int) -> bool:
    return all(data[place : place + 1] == bytes([_SYNC]) for place in range(at, at + 4 * _PACKET, _PACKET))


def _time_of(packet: bytes) -> float | None:
    """Returns the time of the PES packet of video or audio that begins in this packet, or None."""
    if not packet[1] & 0x40 or not packet[3] & 0x10:
        return None
    body = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if body + 14 > _PACKET or packet[body : body + 3] != b"\0\0\1" or not 0xBD <= packet[body + 3] <= 0xEF or not packet[body + 7] & 0x80:
        return None
    stamp = packet[body + 9 : body + 14]
    ticks = (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | stamp[2] >> 1 << 15 | stamp[3] << 7 | stamp[4] >> 1
    return ticks / 90_000
