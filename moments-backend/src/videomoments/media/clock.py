"""The one map from a file's clock to the timeline. Pure.

A file's clock may begin anew inside it: captures that were joined, an encoder that was restarted, pieces of a stream put together. Each
stretch with a clock of its own is a piece; its offset, the same for pictures and sound of one seam, makes one clock of all of them. The
timeline is that clock less its zero (`MediaInfo.start_pts`).
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

CLOCK_VERSION = 2
"""1: the zero is the first picture, and a clock that begins anew is not mapped. Kept for recordings that were measured so."""

# MPEG's 33 bits at 90 kHz (ISO/IEC 13818-1, 2.4.3.7), in seconds.
WRAP = Fraction(1 << 33, 90_000)
# A step forward of at most so many seconds is a gap, which stays; as in the `ffmpeg` program.
LONGEST_GAP = 10.0
# A step back of less is how two frames overlap.
OVERLAP = 0.1


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one stream with a clock of its own.

    `ranges` are the bytes to read for it, as [first, end) of the file; `start` and `end` its first and last time on the joined clock,
    `offset` what its own clock lacks to that, all in seconds.
    """

    ranges: tuple[tuple[int, int], ...]
    start: float
    end: float
    offset: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "ranges": tuple((first, end) for first, end in data["ranges"])})

    def moved(self, by: float) -> Self:
        """The same, so many seconds later on the joined clock."""
        return dataclasses.replace(self, start=self.start + by, end=self.end + by, offset=self.offset + by)


@dataclass(frozen=True, slots=True)
class Clock:
    """The pieces of the pictures and of the sound, in the file's order; none where one clock runs through the file."""

    version: int = CLOCK_VERSION
    pictures: tuple[Piece, ...] = ()
    sound: tuple[Piece, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        pictures, sound = (tuple(Piece.from_dict(piece) for piece in data[name]) for name in ("pictures", "sound"))
        return cls(data["version"], pictures, sound)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def with_audio_of(self, other: Self) -> Self:
        """The same map with another sound's pieces: where both have a seam, that sound keeps its place beside the pictures."""
        sound = other.sound
        if len(other.pictures) == len(self.pictures) == len(sound):
            by = [mine.offset - theirs.offset for mine, theirs in zip(self.pictures, other.pictures, strict=True)]
            sound = tuple(piece.moved(each) for piece, each in zip(sound, by, strict=True))
        return dataclasses.replace(self, sound=sound)


def piece_at(pieces: Sequence[Piece], at: float) -> int:
    """The number of the last piece that begins at or before `at` on the joined clock; the first where none does."""
    return max(0, bisect_right([piece.start for piece in pieces], at) - 1)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a stream's piece runs by its own clock, in seconds."""

    first: Fraction
    end: Fraction


def offsets(seams: Sequence[tuple[Span | None, Span | None]]) -> list[tuple[Fraction, Fraction]]:
    """Offsets of the pictures' and the sound's pieces: one pair for the beginning and for each seam, where None stands for a stream whose
    clock runs on.

    After a seam of both the two keep the distance that their own clock gives them, and begin where nothing of what was before is covered.
    A stream that begins anew alone goes on where it ended.
    """
    found: list[tuple[Fraction, Fraction]] = []
    ends: list[Fraction | None] = [None, None]
    current = [Fraction(0), Fraction(0)]
    for spans in seams:
        turns = (Fraction(0), _turns(*spans))
        lacking = [
            end - span.first - turn for span, end, turn in zip(spans, ends, turns, strict=True) if span is not None and end is not None
        ]
        base = max(lacking, default=Fraction(0))
        if lacking and all(-OVERLAP <= current[0] - step <= LONGEST_GAP for step in lacking):
            # Put together, but of one clock.
            base = current[0]
        for lane, span in enumerate(spans):
            if span is not None:
                current[lane] = base + turns[lane]
                ends[lane] = span.end + current[lane]
        found.append((current[0], current[1]))
    return found


def _turns(pictures: Span | None, sound: Span | None) -> Fraction:
    """How far the sound's clock lies from the pictures' by whole turns of 33 bits: each was read by itself."""
    if pictures is None or sound is None:
        return Fraction(0)
    return round((pictures.first - sound.first) / WRAP) * WRAP
