"""Which keyframes seem to show what the one before showed: told by the sizes of the packets, with nothing decoded. In the child only.

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

from videomoments.media.opening import stamp
from videomoments.media.pictures import Pictures

# A packet of more than this share of its keyframe's size may hold a new scene: from 0.4 up, as x264 and x265 were seen to do.
_LARGE = 0.25
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
    def may_hold_a_new_scene(self) -> bool:
        return max(self.others, default=0) > _LARGE * self.key

    @property
    def seems_to_hold_a_new_scene(self) -> bool:
        largest = sorted(self.others, reverse=True)[:_BESIDES]
        return self.may_hold_a_new_scene and len(largest) == _BESIDES and largest[0] >= _STANDS_OUT * largest[-1]


class Keyframes:
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
            elif self._came_in_turn(packet) and at - decoded < _UNSEEN:
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

    def _came_in_turn(self, keyframe: Packet[Stream]) -> bool:
        before, self._group = self._group, _Group(keyframe.size)
        if before is None:
            return False
        length = len(before.others)
        self._lengths[length] += 1
        (usual, times), *_ = self._lengths.most_common(1)
        # Where every picture is a keyframe there is nothing to be told.
        as_usual = length == usual > 0 and times >= _FEWEST
        alike = abs(keyframe.size - before.key) <= _ALIKE * before.key
        return as_usual and alike and not before.may_hold_a_new_scene
