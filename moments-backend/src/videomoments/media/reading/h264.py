"""Parses as much of H.264 as is needed to join two encodings in one file: NAL units and parameter sets (ITU-T H.264, 7.3; ISO/IEC 14496-15,
5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from videomoments.media.failures import CannotCopy

SLICE, IDR, SPS, PPS = 1, 5, 7, 8
_SEI = 6
_PARTITIONED = (2, 3, 4)
# Access unit delimiters, ends of sequence and of stream, filler: an MP4 sample needs none of them.
_DROPPED = (9, 10, 11, 12)
_START = b"\0\0\1"
_SPS_IDS = 32
# How many sets an `avcC` can count, and the longest unit that it can hold.
_MOST_SPS, _MOST_PPS, _LONGEST_SET = 31, 255, 0xFFFF
# Profiles whose SPS states the chroma format and the bit depth.
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder needs before the first picture. `length_size` is the bytes of each NAL unit's length, 0 for Annex B."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    length_size: int

    @property
    def free_number(self) -> int:
        """Returns the smallest id above 0 that none of the sets uses; 0 where there is none."""
        used = {_Bits(unit[4:]).ue() for unit in self.sps} | {_Bits(unit[1:]).ue() for unit in self.pps}
        return next((number for number in range(1, _SPS_IDS) if number not in used), 0)

    def joined(self, other: ParameterSets) -> bytes:
        """Returns an `avcC` with the sets of both, in this one's profile. NAL units then have lengths of four bytes. Raises CannotCopy
        where it can't hold them."""
        sps, pps = (*self.sps, *other.sps), (*self.pps, *other.pps)
        if len(sps) > _MOST_SPS or len(pps) > _MOST_PPS or any(len(unit) > _LONGEST_SET for unit in (*sps, *pps)):
            _refuse("its parameter sets do not fit into a header")
        first = self.sps[0]
        head = bytes([1, first[1], first[2], max(unit[3] for unit in sps), 0xFC | 3, 0xE0 | len(sps)])
        record = head + b"".join(_sized(unit, 2) for unit in sps) + bytes([len(pps)]) + b"".join(_sized(unit, 2) for unit in pps)
        # 4:2:0, 8 bit, no extensions: the only formats that are joined.
        return record + (bytes([0xFC | 1, 0xF8, 0xF8, 0]) if first[1] in _HIGH_PROFILES else b"")


@dataclass(frozen=True, slots=True)
class Sequence:
    """What an SPS says of its pictures. `level` is ten times the level's number."""

    profile: int
    level: int
    chroma: int
    bits: int
    references: int
    progressive: bool


def parameter_sets(extradata: bytes | None) -> ParameterSets:
    """Reads a stream's `avcC` or Annex B extradata. Raises CannotCopy where it holds no usable sets."""
    data = extradata or b""
    if data[:1] != b"\1":
        units = list(annex_b(data))
        found = ParameterSets(
            tuple(unit for unit in units if unit[0] & 31 == SPS), tuple(unit for unit in units if unit[0] & 31 == PPS), length_size=0
        )
    else:
        at = 6
        kinds: list[tuple[bytes, ...]] = []
        count = data[5] & 31 if len(data) > 6 else 0
        for _ in range(2):
            units = []
            for _ in range(count):
                size = int.from_bytes(data[at : at + 2])
                units.append(data[at + 2 : at + 2 + size])
                at += 2 + size
            kinds.append(tuple(units))
            count = data[at] if at < len(data) else 0
            at += 1
        found = ParameterSets(kinds[0], kinds[1], length_size(data))
    if not found.sps or not found.pps or any(len(unit) < 5 for unit in found.sps) or not all(len(unit) > 1 for unit in found.pps):
        _refuse("the stream has no parameter sets")
    return found


def length_size(extradata: bytes | None) -> int:
    """Returns the bytes of each NAL unit's length (ISO/IEC 14496-15, 5.3.3.1), 0 where units follow start codes."""
    data = extradata or b""
    if data[:1] != b"\1":
        return 0
    return (data[4] & 3) + 1 if len(data) > 4 else 4


def sequence(sps: bytes) -> Sequence:
    """Reads an SPS (7.3.2.1.1). Raises CannotCopy where it is too short."""
    bits = _Bits(sps[4:].replace(b"\0\0\3", b"\0\0"))
    bits.ue()
    chroma, depth = 1, 8
    if sps[1] in _HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            bits.take(1)
        depth = max(bits.ue(), bits.ue()) + 8
        bits.take(1)
        if bits.take(1):
            for number in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    bits.scaling_list(16 if number < 6 else 64)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.take(1)
        bits.ue()
        bits.ue()
        for _ in range(bits.ue()):
            bits.ue()
    references = bits.ue()
    bits.take(1)
    bits.ue()
    bits.ue()
    return Sequence(sps[1], sps[3], chroma, depth, references, bool(bits.take(1)))


def annex_b(data: bytes) -> Iterator[bytes]:
    """Yields the NAL units of a byte stream with start codes (Annex B)."""
    at = data.find(_START)
    while at >= 0:
        after = data.find(_START, at + 3)
        # Zeros before a start code belong to it.
        unit = (data[at + 3 :] if after < 0 else data[at + 3 : after]).rstrip(b"\0")
        if unit:
            yield unit
        at = after


def prefixed(data: bytes, length_size: int) -> Iterator[bytes]:
    """Yields the NAL units of a sample whose units carry their lengths. Raises CannotCopy where a length goes past the end."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size])
        at += length_size
        if at + size > len(data):
            _refuse("a picture is cut off")
        if size:
            yield data[at : at + size]
        at += size


def units_of(data: bytes, length_size: int) -> Iterator[bytes]:
    """Yields the NAL units of a packet; `length_size` as in `ParameterSets`."""
    return prefixed(data, length_size) if length_size else annex_b(data)


def is_idr(data: bytes, length_size: int) -> bool:
    """Returns whether the packet's picture is an IDR picture: nothing after it refers to anything before it."""
    try:
        kind = next((unit[0] & 31 for unit in units_of(data, length_size) if unit[0] & 31 in (SLICE, *_PARTITIONED, IDR)), 0)
    except CannotCopy:
        return False
    return kind == IDR


def sample(units: Iterable[bytes]) -> bytes:
    """Returns an MP4 sample of NAL units, each after its length in four bytes."""
    return b"".join(_sized(unit, 4) for unit in units)


def slices_only(data: bytes) -> bytes:
    """Returns a sample of just the slices of an Annex B packet, without its encoder's parameter sets, delimiters and SEI messages."""
    return sample(unit for unit in annex_b(data) if unit[0] & 31 in (SLICE, IDR))


def carried(data: bytes, sets: ParameterSets) -> bytes | None:
    """Returns the packet as an MP4 sample, or None where it already is one. Raises CannotCopy where it changes the parameter sets."""
    if sets.length_size == 4 and _plain(data):
        return None
    wanted_units = []
    for unit in units_of(data, sets.length_size):
        kind = unit[0] & 31
        if (kind == SPS and unit not in sets.sps) or (kind == PPS and unit not in sets.pps):
            _refuse("its parameter sets change on the way")
        if kind in _PARTITIONED:
            _refuse("its slices are partitioned")
        if kind not in (SPS, PPS, *_DROPPED):
            wanted_units.append(unit)
    return sample(wanted_units)


def _plain(data: bytes) -> bool:
    """Returns whether a packet of four-byte lengths holds only slices and SEI messages. Reads a few bytes and copies nothing."""
    at = 0
    while at + 5 <= len(data):
        if data[at + 4] & 31 not in (SLICE, IDR, _SEI):
            return False
        at += 4 + int.from_bytes(data[at : at + 4])
    return at == len(data)


def _sized(unit: bytes, size: int) -> bytes:
    return len(unit).to_bytes(size) + unit


def _refuse(reason: str) -> NoReturn:
    raise CannotCopy(reason)


class _Bits:
    """Reads an RBSP bit by bit (7.2, 9.1)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            _refuse("a parameter set is cut off")
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """Reads an unsigned Exp-Golomb number. Signed ones are read alike, where only their length matters."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def scaling_list(self, size: int) -> None:
        last = following = 8
        for _ in range(size):
            if following:
                code = self.ue()
                following = (last + (code + 1 >> 1 if code & 1 else -(code >> 1))) % 256
            last = following or last
