"""Reads how a player turns the picture: the display matrix of ISO/IEC 14496-12, 8.3.2, in FFmpeg's side data."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Orientation:
    """A turn by `rotation` degrees clockwise, after mirroring left to right where `mirrored`."""

    rotation: int = 0
    mirrored: bool = False

    @property
    def swaps_sides(self) -> bool:
        return self.rotation in (90, 270)

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Returns FFmpeg filters (name, arguments) that apply the orientation to the pictures."""
        turn: dict[int, tuple[tuple[str, str], ...]] = {
            0: (),
            90: (("transpose", "clock"),),
            180: (("hflip", ""), ("vflip", "")),
            270: (("transpose", "cclock"),),
        }
        return ((("hflip", ""),) if self.mirrored else ()) + turn[self.rotation]


def orientation_of(frame: VideoFrame) -> Orientation:
    """Returns the frame's orientation, to the nearest quarter turn."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData) or len(bytes(data)) < 36:
        return Orientation()
    # FFmpeg stores it in the machine's byte order.
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data)[:36])
    # Rows map (x, y) to (a x + c y, b x + d y); a negative determinant is a mirror image.
    mirrored = a * d - b * c < 0
    if abs(a) + abs(d) >= abs(b) + abs(c):
        # Mirrored first, then turned: x -> -x -> turned.
        turned = (-a if mirrored else a) < 0
        return Orientation(180 if turned else 0, mirrored)
    clockwise = (-b if mirrored else b) > 0
    return Orientation(90 if clockwise else 270, mirrored)
