"""Finds the pictures around a cut, from packets alone. Runs only in the child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from av.packet import Packet
from av.stream import Stream

from videomoments.core.times import Interval
from videomoments.media.failures import CannotCopy
from videomoments.media.reading.h264 import is_idr, parameter_sets
from videomoments.media.reading.packets import stamp
from videomoments.media.reading.pictures import Pictures

_REORDER_SECONDS = 1.0
_GUARD_PACKETS = 64


@dataclass(frozen=True, slots=True)
class Scanned:
    """One video packet, in decoding order. `ticks` is when it is shown; `hidden` by the container; `marked` by the caller."""

    ticks: int
    hidden: bool
    marked: bool


def packet_scan(pictures: Pictures, wanted: Interval, mark: Callable[[Packet[Stream]], bool] = lambda _: False) -> list[Scanned]:
    """Returns the packets from the keyframe before `wanted` to a little after it, with every picture that begins inside."""
    found = []
    after = 0
    for packet in pictures.packets_from(wanted.start):
        ticks = stamp(packet) or 0
        at = pictures.seconds(ticks)
        found.append(Scanned(ticks, packet.is_discard, mark(packet)))
        # Packets come in decoding order, so some frames before the end come after later ones.
        after = after + 1 if at >= wanted.end else 0
        decoded = pictures.seconds(packet.dts) if packet.dts is not None else at
        if decoded >= wanted.end + _REORDER_SECONDS or after >= _GUARD_PACKETS:
            break
    return found


def begins_anew(pictures: Pictures, packet: Packet[Stream]) -> bool:
    """Returns whether an H.264 packet is an IDR picture: decoding can begin with it, and nothing after it refers to anything before it."""
    try:
        return is_idr(bytes(packet), parameter_sets(pictures.stream.codec_context.extradata).length_size)
    except CannotCopy:
        return False


def frame_times(pictures: Pictures, wanted: Interval) -> list[float]:
    """Returns the times of the pictures from the keyframe before `wanted` to a little after it, in seconds, ascending."""
    return sorted(
        pictures.seconds(packet.ticks) for packet in packet_scan(pictures, wanted) if not packet.hidden and pictures.is_shown(packet.ticks)
    )
