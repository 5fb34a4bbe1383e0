"""Finds keyframes that seem to show the same scene as the one before, from packet sizes alone. Decodes nothing. Runs only in the child.

At a new scene an encoder either makes an extra keyframe, or spends on the next picture most of what a keyframe costs; and keyframes of two
scenes seldom have the same size.
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

# A packet larger than this share of its keyframe may hold a new scene: x264 and x265 were measured at 0.4 and more.
_LARGE = 0.25
# The same for the first packet after the keyframe, which adds its grain.
_LARGE_AT_FIRST = 0.36
# A packet with a new scene is so many times as large as the fourth largest one. The fourth, since grainy pictures have many large ones.
_STANDS_OUT = 3.0
_BESIDES = 4
# The sizes of two keyframes of one scene differ by at most this share.
_ALIKE = 0.15
# So many groups are needed to know the usual length.
_FEWEST = 2
# Seconds for which keyframes in turn are accepted without decoding, because slow changes add up.
_UNSEEN = 20.0


@dataclass(slots=True)
class _Group:
    """A keyframe and the packets that depend on it: its size in bytes, the sizes of the others, and when the last of them is shown."""

    key: int
    others: list[int] = field(default_factory=list)
    until: float = float("-inf")

    def add(self, packet: Packet[Stream], at: float) -> None:
        self.others.append(packet.size)
        self.until = max(self.until, at)

    @property
    def largest(self) -> float:
        """The largest packet, as a share of the keyframe's size."""
        return max(self.others, default=0) / max(1, self.key)

    @property
    def is_calm(self) -> bool:
        """Whether no packet is large; the first one may be larger than others."""
        return self.others[0] <= _LARGE_AT_FIRST * self.key and max(self.others[1:], default=0) <= _LARGE * self.key

    @property
    def seems_to_hold_a_new_scene(self) -> bool:
        largest = sorted(self.others, reverse=True)[:_BESIDES]
        return self.largest > _LARGE and len(largest) == _BESIDES and largest[0] >= _STANDS_OUT * largest[-1]


class KeyframeSelection:
    """Selects the keyframes that need decoding. Those that came in turn need none, for some seconds.

    A keyframe comes in turn when it has about the size of the one before, after as many packets as usual, none of which was large. This is
    a guess that the caller checks.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._lengths: Counter[int] = Counter()
        self._group: _Group | None = None
        self._passed_over: list[float] = []

    def worth_decoding(self) -> Iterator[Packet[Stream]]:
        """Yields packets of the keyframes to decode, and of the last one of all. Makes the decoder skip all other frames."""
        pictures, decoded = self._pictures, float("-inf")
        last: Packet[Stream] | None = None
        for packet in pictures.packets_from(0.0):
            pictures.stream.codec_context.skip_frame = "NONKEY"
            at = pictures.seconds(stamp(packet) or 0)
            if not packet.is_keyframe:
                if self._group is not None:
                    self._group.add(packet, at)
                    continue
                # Not every container marks its keyframes, but the decoder knows them.
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
        """Returns the times of keyframes between the two that were not decoded."""
        return self._passed_over[bisect_right(self._passed_over, first) : bisect_left(self._passed_over, second)]

    def eventful_until(self) -> float | None:
        """Returns when the last picture is shown, if there seems to be a new scene after the last keyframe, or None."""
        return self._group.until if self._group is not None and self._group.seems_to_hold_a_new_scene else None

    def _need_not_be_seen(self, keyframe: Packet[Stream]) -> bool:
        before, self._group = self._group, _Group(keyframe.size)
        if before is None:
            return False
        alike = abs(keyframe.size - before.key) <= _ALIKE * before.key
        return self._came_in_turn(before) and before.is_calm and alike and before.largest <= _LARGE

    def _came_in_turn(self, group: _Group) -> bool:
        """Returns whether a keyframe came after as many packets as usual; False where every picture is a keyframe."""
        length = len(group.others)
        self._lengths[length] += 1
        (usual, times), *_ = self._lengths.most_common(1)
        return length == usual > 0 and times >= _FEWEST
