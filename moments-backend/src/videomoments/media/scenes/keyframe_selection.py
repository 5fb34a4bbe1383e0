"""Finds keyframes that seem to show the same scene as the one before, from packet sizes alone. Decodes nothing. In the child only.

An encoder that meets a new scene either puts a keyframe there, out of turn, or spends on the next picture most of what a keyframe costs;
and two scenes' keyframes seldom have one size.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from av.packet import Packet
from av.stream import Stream

from videomoments.media.reading.packets import stamp
from videomoments.media.reading.pictures import Pictures

# A packet of more than this share of its keyframe's size may hold a new scene: from 0.4 up, as x264 and x265 were seen to do.
_LARGE = 0.25
# The same of the first after the keyframe, which brings its grain.
_LARGE_AT_FIRST = 0.36
# One that holds a new scene is so many times as large as what is large besides: the fourth, since grainy pictures have many large ones.
_STANDS_OUT = 3.0
_BESIDES = 4
# The sizes of two keyframes of one scene differ by at most this share.
_ALIKE = 0.15
# It takes so many groups to tell what is usual.
_FEWEST = 2
# Seconds for which keyframes that came in turn are believed without a look: slow changes add up.
_UNSEEN = 20.0


@dataclass(slots=True)
class _Group:
    """A keyframe and what depends on it: its size in bytes, the sizes of the others, when the last of them is shown."""

    key: int
    others: list[int] = field(default_factory=list)
    until: float = float("-inf")

    def add(self, packet: Packet[Stream], at: float) -> None:
        self.others.append(packet.size)
        self.until = max(self.until, at)

    @property
    def largest(self) -> float:
        """Share of the keyframe's size."""
        return max(self.others, default=0) / max(1, self.key)

    @property
    def is_calm(self) -> bool:
        """No packet is large, but the first may be larger than others."""
        return self.others[0] <= _LARGE_AT_FIRST * self.key and max(self.others[1:], default=0) <= _LARGE * self.key

    @property
    def seems_to_hold_a_new_scene(self) -> bool:
        largest = sorted(self.others, reverse=True)[:_BESIDES]
        return self.largest > _LARGE and len(largest) == _BESIDES and largest[0] >= _STANDS_OUT * largest[-1]


class KeyframeSelection:
    """The keyframes in their order, and which of them need not be decoded: those that came in turn, for some seconds.

    In turn is what has about the size of the keyframe before, after as many packets as usual, none of which was large: a guess, to check.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._lengths: Counter[int] = Counter()
        self._group: _Group | None = None
        self._passed_over: list[float] = []

    def worth_decoding(self) -> Iterator[Packet[Stream]]:
        """Packets of the others, and of the last of all; the decoder is told to leave out what is no keyframe."""
        pictures, decoded = self._pictures, float("-inf")
        last: Packet[Stream] | None = None
        for packet in pictures.packets_from(0.0):
            pictures.stream.codec_context.skip_frame = "NONKEY"
            at = pictures.seconds(stamp(packet) or 0)
            if not packet.is_keyframe:
                if self._group is not None:
                    self._group.add(packet, at)
                    continue
                # Not every container marks its keyframes; the decoder knows them.
            elif self._need_not_be_seen(packet) and at - decoded < _UNSEEN:
                self._passed_over.append(at)
                last = packet
                continue
            else:
                decoded, last = at, None
            yield packet
        if last is not None:
            self._passed_over.pop()
            yield last

    def passed_over(self, first: float, second: float) -> list[float]:
        """Times between the two of keyframes that were not decoded."""
        return self._passed_over[bisect_right(self._passed_over, first) : bisect_left(self._passed_over, second)]

    def eventful_until(self) -> float | None:
        """When the last picture is shown, if after the last keyframe there seems to be a new scene."""
        return self._group.until if self._group is not None and self._group.seems_to_hold_a_new_scene else None

    def _need_not_be_seen(self, keyframe: Packet[Stream]) -> bool:
        before, self._group = self._group, _Group(keyframe.size)
        if before is None:
            return False
        alike = abs(keyframe.size - before.key) <= _ALIKE * before.key
        return self._came_in_turn(before) and before.is_calm and alike and before.largest <= _LARGE

    def _came_in_turn(self, group: _Group) -> bool:
        """Whether a keyframe came after as many packets as usual; where every picture is a keyframe, none does."""
        length = len(group.others)
        self._lengths[length] += 1
        (usual, times), *_ = self._lengths.most_common(1)
        return length == usual > 0 and times >= _FEWEST
