"""Makes and reads the waveform: lowest and highest sample per 10 ms and coarser steps, in one small file next to the audio.

The file is a header and the levels, finest first: `VMWF`, the header's length (4 bytes), the header as JSON, then per level pairs of
little-endian s16 (lowest, highest). A reader reads the header, chooses a level, and reads the bytes of one range: any zoom costs a few
kilobytes, whatever the recording's length.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from videomoments.core.errors import MomentsError

STEP_SECONDS = 0.01
# Enough for the header: read this much first.
HEAD_BYTES = 1024
_FACTOR = 4
_LEVELS = 6
_MAGIC = b"VMWF"
_PAIR = 4

Pairs = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Level:
    """`count` pairs, each of `step` seconds, from the file's byte `offset` on."""

    step: float
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class WaveformHeader:
    """The header of a waveform file. `duration` is seconds; `loudness` is LUFS (None: silent)."""

    duration: float
    loudness: float | None
    levels: tuple[Level, ...]

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """Parses the file's first `HEAD_BYTES`. Raises MomentsError (`bad_waveform`)."""
        if head[:4] != _MAGIC:
            raise MomentsError("The stored waveform can't be read.", code="bad_waveform")
        length = int.from_bytes(head[4:8], "little")
        data = json.loads(head[8 : 8 + length])
        levels, offset = [], 8 + length
        for step, count in data["levels"]:
            levels.append(Level(step, count, offset))
            offset += count * _PAIR
        return cls(data["duration"], data["loudness"], tuple(levels))

    def level_for(self, seconds: float, points: int) -> Level:
        """Returns the coarsest level that still has `points` pairs in so many seconds, else the finest."""
        fitting = [level for level in self.levels if seconds / level.step >= points]
        return fitting[-1] if fitting else self.levels[0]


def stretch(level: Level, start: float, end: float) -> tuple[int, int, int]:
    """Returns the index of the first pair, the byte offset and the byte length of the pairs that touch `start` to `end` seconds."""
    first = min(max(0, int(start / level.step)), level.count)
    last = min(max(first, -int(-end // level.step)), level.count)
    return first, level.offset + first * _PAIR, (last - first) * _PAIR


def pairs_in(data: bytes) -> Pairs:
    """Returns the bytes of a level as an array of (n, 2): lowest and highest."""
    pairs: Pairs = np.frombuffer(data, "<i2").reshape(-1, 2)
    return pairs


def coarser(pairs: Pairs, points: int) -> Pairs:
    """Returns `pairs` joined evenly into at most `points`. Fewer pairs stay as they are."""
    if len(pairs) <= points:
        return pairs
    edges = np.linspace(0, len(pairs), points, endpoint=False).astype(int)
    return np.stack([np.minimum.reduceat(pairs[:, 0], edges), np.maximum.reduceat(pairs[:, 1], edges)], axis=1)


def finest(data: bytes) -> Pairs:
    """Returns the 10 ms pairs of a whole waveform file."""
    header = WaveformHeader.parse(data[:HEAD_BYTES])
    level = header.levels[0]
    return pairs_in(data[level.offset : level.offset + level.count * _PAIR])


class WaveformWriter:
    """Builds a waveform file from s16 mono samples. They come in pieces of whole steps; the last one may be shorter."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._samples_per_step = round(rate * STEP_SECONDS)
        self._pairs: list[Pairs] = []
        self._samples = 0

    def add(self, samples: bytes | memoryview | npt.NDArray[np.int16]) -> None:
        values = np.frombuffer(samples, np.int16)
        self._samples += values.size
        per_step = self._samples_per_step
        whole = values.size // per_step
        steps = values[: whole * per_step].reshape(whole, per_step)
        if whole:
            self._pairs.append(np.stack([steps.min(axis=1), steps.max(axis=1)], axis=1))
        if rest := values[whole * per_step :].tolist():
            self._pairs.append(np.array([[min(rest), max(rest)]], np.int16))

    def pairs(self) -> Pairs:
        """Returns the pairs so far, per 10 ms."""
        return np.concatenate(self._pairs) if self._pairs else np.empty((0, 2), np.int16)

    def finish(self, *, loudness: float | None = None) -> bytes:
        """Returns the file's bytes. `loudness` in LUFS goes into its header."""
        levels = [self.pairs()]
        while len(levels) < _LEVELS and len(levels[-1]) > _FACTOR:
            levels.append(_joined(levels[-1]))
        steps = [(round(STEP_SECONDS * _FACTOR**number, 2), len(level)) for number, level in enumerate(levels)]
        head = json.dumps({"duration": self._samples / self._rate, "loudness": loudness, "levels": steps}).encode()
        return b"".join([_MAGIC, len(head).to_bytes(4, "little"), head, *(level.astype("<i2").tobytes() for level in levels)])


def _joined(pairs: Pairs) -> Pairs:
    edges = np.arange(0, len(pairs), _FACTOR)
    return np.stack([np.minimum.reduceat(pairs[:, 0], edges), np.maximum.reduceat(pairs[:, 1], edges)], axis=1)
