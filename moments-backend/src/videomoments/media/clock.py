"""Maps a file's clock to the timeline. Does no input or output.

A file's clock may start again inside it: joined captures, a restarted encoder, concatenated pieces of a stream. Each part with its own
clock is a piece. Its offset, which is the same for video and audio of one seam, makes one joined clock of all pieces. The timeline is the
joined clock minus its zero (`MediaInfo.start_pts`).
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

CLOCK_VERSION = 2
"""Version 1: the zero is the first picture, and a clock that starts again is not mapped. It is supported for recordings that were measured
so."""

# MPEG's 33 bits at 90 kHz (ISO/IEC 13818-1, 2.4.3.7), in seconds.
WRAP = Fraction(1 << 33, 90_000)
# A step forward of at most so many seconds is a gap, which stays; as in the `ffmpeg` program.
LONGEST_GAP = 10.0
# A shorter step back is an overlap of two frames.
OVERLAP = 0.1


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one stream with its own clock.

    `ranges` are the bytes to read for it, as [first, end) of the file. `start` and `end` are its first and last time on the joined clock,
    and `offset` is added to its own times to get times on the joined clock; all in seconds.
    """

    ranges: tuple[tuple[int, int], ...]
    start: float
    end: float
    offset: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "ranges": tuple((first, end) for first, end in data["ranges"])})

    def moved(self, by: float) -> Self:
        """Returns the same piece, `by` seconds later on the joined clock."""
        return dataclasses.replace(self, start=self.start + by, end=self.end + by, offset=self.offset + by)


@dataclass(frozen=True, slots=True)
class Clock:
    """The pieces of video and audio, in the file's order. Empty where one clock runs through the file."""

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
        """Returns the same map with the pieces of another audio track. Where both have the same seams, that track keeps its position
        relative to the video."""
        sound = other.sound
        if len(other.pictures) == len(self.pictures) == len(sound):
            by = [mine.offset - theirs.offset for mine, theirs in zip(self.pictures, other.pictures, strict=True)]
            sound = tuple(piece.moved(each) for piece, each in zip(sound, by, strict=True))
        return dataclasses.replace(self, sound=sound)


def piece_at(pieces: Sequence[Piece], at: float) -> int:
    """Returns the number of the last piece that begins at or before `at` on the joined clock, or 0 where none does."""
    return max(0, bisect_right([piece.start for piece in pieces], at) - 1)


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the end time of a stream's piece on its own clock, in seconds."""

    first: Fraction
    end: Fraction


def offsets(seams: Sequence[tuple[Span | None, Span | None]]) -> list[tuple[Fraction, Fraction]]:
    """Returns offsets of the pieces of video and audio: one pair for the beginning and for each seam. In `seams`, None stands for a stream
    whose clock runs on.

    After a seam of both, the two keep the distance that their own clock gives them, and begin where nothing before them is covered. A
    stream that starts again alone continues where it ended.
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
            # Concatenated, but of one clock.
            base = current[0]
        for lane, span in enumerate(spans):
            if span is not None:
                current[lane] = base + turns[lane]
                ends[lane] = span.end + current[lane]
        found.append((current[0], current[1]))
    return found


def _turns(pictures: Span | None, sound: Span | None) -> Fraction:
    """Returns how far the audio clock is from the video clock by whole turns of 33 bits, since each was read by itself. In seconds."""
    if pictures is None or sound is None:
        return Fraction(0)
    return round((pictures.first - sound.first) / WRAP) * WRAP
