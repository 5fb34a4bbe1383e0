"""Which keyframes seem to show what the one before showed: told by the sizes of the packets, with nothing decoded. In the child only.

An encoder that meets a new scene either puts a keyframe there, out of turn, or spends on the next picture most of what a keyframe costs;
and two scenes' keyframes seldom have one size.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from av.packet import Packet
from av.stream import Stream

from videomoments.media.opening import stamp
from videomoments.media.pictures import Pictures

# A packet of more than this share of its keyframe's size may hold a new scene: from 0.4 up, as x264 and x265 were seen to do.
_LARGE = 0.25
# The sizes of two keyframes of one scene differ by at most this share.
_ALIKE = 0.15
# It takes so many packets, or groups, to tell what is usual.
_FEWEST = 3
# Seconds for which keyframes that came in turn are believed without a look: slow changes add up.
_UNSEEN = 20.0


class Keyframes:
    """The keyframes in their order, and which of them need not be decoded: those that came in turn, for some seconds."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._in_turn = in_turn(pictures.stream)
        self._passed_over: list[float] = []

    def worth_decoding(self) -> Iterator[Packet[Stream]]:
        """Packets of the others, and of the last of all; the decoder is told to leave out what is no keyframe."""
        pictures, decoded = self._pictures, float("-inf")
        last: Packet[Stream] | None = None
        for packet in pictures.packets_from(0.0):
            # Not every container marks its keyframes; the decoder knows them.
            pictures.stream.codec_context.skip_frame = "NONKEY"
            if packet.is_keyframe:
                at = pictures.seconds(stamp(packet) or 0)
                if packet.dts in self._in_turn and at - decoded < _UNSEEN:
                    self._passed_over.append(at)
                    last = packet
                    continue
                decoded, last = at, None
            yield packet
        if last is not None:
            self._passed_over.pop()
            yield last

    def passed_over(self, first: float, second: float) -> list[float]:
        """Times between the two of keyframes that were not decoded."""
        return self._passed_over[bisect_right(self._passed_over, first) : bisect_left(self._passed_over, second)]


@dataclass(slots=True)
class _Group:
    """A keyframe and what depends on it: its decoding time in ticks, its size, the number of packets, the largest of the others."""

    at: int
    key: int
    packets: int = 1
    largest: int = 0


def in_turn(stream: Stream) -> frozenset[int]:
    """Decoding times, in ticks, of the keyframes before which nothing happened.

    They came in turn, have about the size of the one before, and no packet between was large: a guess, for the caller to check.

    Empty where the container lists keyframes alone, or nothing at all: only MP4 and MOV list every packet.
    """
    entries = stream.index_entries
    if not stream.frames or len(entries) < stream.frames:
        return frozenset()
    groups = list(_groups((entry.timestamp, entry.size, entry.is_keyframe) for entry in entries))
    return frozenset(_in_turn(groups))


def _groups(entries: Iterable[tuple[int, int, bool]]) -> Iterator[_Group]:
    group: _Group | None = None
    for at, size, is_keyframe in entries:
        if is_keyframe:
            if group is not None:
                yield group
            group = _Group(at, size)
        elif group is not None:
            group.packets += 1
            group.largest = max(group.largest, size)
    if group is not None:
        yield group


def _in_turn(groups: Sequence[_Group]) -> Iterator[int]:
    if len(groups) < _FEWEST:
        return
    # The last group ends with the file, not in turn. Where every picture is a keyframe there is nothing to be told.
    usual, _ = Counter(group.packets for group in groups[:-1]).most_common(1)[0]
    if usual < _FEWEST:
        return
    for before, group in pairwise(groups):
        calm = before.largest <= _LARGE * before.key and abs(group.key - before.key) <= _ALIKE * before.key
        if before.packets == usual and calm:
            yield group.at
