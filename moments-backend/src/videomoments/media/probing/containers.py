"""Compares a container with the size in its own header. Runs only in the child."""

from __future__ import annotations

from pathlib import Path


def matroska_present(path: Path, size: int) -> float:
    """Returns the share of a Matroska file that is there, by the size that its segment announces (RFC 8794, 5.1); 1 where it announces
    none."""
    with path.open("rb") as file:
        head = file.read(4096)
    at = head.find(b"\x18\x53\x80\x67")
    if at < 0 or at + 12 > len(head):
        return 1.0
    first = head[at + 4]
    length = 9 - first.bit_length()
    value = int.from_bytes(head[at + 4 : at + 4 + length]) & ((1 << 7 * length) - 1)
    if length > 8 or value == (1 << 7 * length) - 1:
        return 1.0
    announced = at + 4 + length + value
    return min(1.0, size / announced)
