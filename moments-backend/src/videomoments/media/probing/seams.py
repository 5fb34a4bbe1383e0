"""Finds where a file's clock starts again, from the times of its packets in the file's order. Does no input or output.

A step is compared with the other stream: where the audio is silent for minutes and then agrees with the video again, no clock started
again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from videomoments.media.clock import LONGEST_GAP, OVERLAP

# In a file with one stream nothing distinguishes a gap from a reset clock, so a longer step is taken for a reset.
_LONGEST_ALONE = 60.0
# A shorter overlap of one stream alone is no seam: the overlapping part is dropped.
_LONGEST_OVERLAP_ALONE = 2.0
# Two streams start again together if their steps differ by fewer seconds, and at most so many packets are between them.
_ALIKE = 5.0
_NEAR = 2000
# So many packets show how far a stream is from the other: the last one before a gap may come after it in the file.
_REMEMBERED = 9

PICTURES, SOUND = 0, 1


@dataclass(frozen=True, slots=True)
class Stamped:
    """One packet: its stream (`PICTURES` or `SOUND`), the byte where it begins, when it is decoded, how long it lasts (0: unknown), and
    when it is shown, in seconds."""

    lane: int
    place: int
    at: float
    lasts: float
    shown: float


@dataclass(frozen=True, slots=True)
class Seam:
    """The byte from which a stream's packets have another clock; None where that stream's clock runs on."""

    pictures: int | None
    sound: int | None

    @property
    def first(self) -> int | None:
        """Returns the byte where the first of the two starts again."""
        return min((place for place in (self.pictures, self.sound) if place is not None), default=None)

    def of(self, lane: int) -> int | None:
        return self.pictures if lane == PICTURES else self.sound


@dataclass(slots=True)
class _Step:
    """A step in one stream's times. `number` counts packets of both. `apart` is the distance from the other stream's clock before and after
    it; None where there is no other stream."""

    lane: int
    number: int
    place: int
    by: float
    apart: tuple[float, float] | None
    mate: _Step | None = None

    @property
    def alone(self) -> bool:
        """Returns whether this is a seam of this stream alone."""
        if self.apart is None:
            return self.by < -OVERLAP or self.by > _LONGEST_ALONE
        if -_LONGEST_OVERLAP_ALONE <= self.by <= 0:
            return False
        before, after = self.apart
        return abs(before) > LONGEST_GAP or abs(after) > LONGEST_GAP


def find_seams(packets: Iterable[Stamped]) -> list[Seam]:
    """Returns the seams in the file's order."""
    steps: tuple[list[_Step], list[_Step]] = ([], [])
    last: list[Stamped | None] = [None, None]
    apart: tuple[deque[float], ...] = (deque(maxlen=_REMEMBERED), deque(maxlen=_REMEMBERED))
    for number, packet in enumerate(packets):
        lane, before, other = packet.lane, last[packet.lane], last[1 - packet.lane]
        distance = packet.at - other.at if other is not None else None
        if before is not None:
            by = packet.at - before.at - before.lasts
            if not -OVERLAP <= by <= LONGEST_GAP:
                both = (median(apart[lane]), distance) if apart[lane] and distance is not None else None
                steps[lane].append(_Step(lane, number, packet.place, by, both))
        last[lane] = packet
        if distance is not None:
            apart[lane].append(distance)
    _pair(*steps)
    found = [step for step in (*steps[PICTURES], *steps[SOUND]) if (step.mate is not None and step.lane == PICTURES) or _by_itself(step)]
    return [_seam(step) for step in sorted(found, key=lambda step: step.number)]


def _pair(pictures: list[_Step], sound: list[_Step]) -> None:
    for step in pictures:
        near = [
            other for other in sound if other.mate is None and abs(other.by - step.by) < _ALIKE and abs(other.number - step.number) <= _NEAR
        ]
        if near:
            step.mate = min(near, key=lambda other: abs(other.number - step.number))
            step.mate.mate = step


def _by_itself(step: _Step) -> bool:
    return step.mate is None and step.alone


def _seam(step: _Step) -> Seam:
    if step.mate is not None:
        return Seam(step.place, step.mate.place)
    return Seam(step.place, None) if step.lane == PICTURES else Seam(None, step.place)
