"""Divides long recordings into parts that a recogniser can take one by one, cut in silence, each at a known sample."""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK_SECONDS = 600.0
"""About how long a part is; a recording of up to one and a half of it stays whole."""
_REACH_SECONDS = 30.0
"""How far from its place a cut may move to where it is quiet."""
_STEP_SECONDS = 0.02
_QUIET_STEPS = 25  # half a second


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """The samples [first, last) of a recording with `rate` samples per second."""

    first: int
    last: int
    rate: int

    @property
    def start(self) -> float:
        """Returns the start of the chunk, in seconds of the recording."""
        return self.first / self.rate

    @property
    def duration(self) -> float:
        return (self.last - self.first) / self.rate


def plan_chunks(wav: Path, longest: float = CHUNK_SECONDS) -> list[AudioChunk]:
    """Returns the parts of a 16-bit mono WAV file, in order and without gap or overlap. Each cut is in the quietest half second near its
    place.

    A short recording, or a WAV file of another kind, is one part. Raises OSError and wave.Error for a file that is not WAV.
    """
    with wave.open(str(wav), "rb") as reader:
        rate, total = reader.getframerate(), reader.getnframes()
        if reader.getnchannels() != 1 or reader.getsampwidth() != 2 or total <= 1.5 * longest * rate:
            return [AudioChunk(0, total, rate)]
        parts = math.ceil(total / (longest * rate))
        cuts = [_quietest(reader, round(total * part / parts), rate) for part in range(1, parts)]
    return [AudioChunk(first, last, rate) for first, last in pairwise([0, *cuts, total])]


def write_chunk(wav: Path, chunk: AudioChunk, target: Path) -> Path:
    """Writes the part as a WAV file of its own and returns its path. Only one second of it is in memory at a time."""
    with wave.open(str(wav), "rb") as reader, wave.open(str(target), "wb") as writer:
        writer.setparams(reader.getparams())
        reader.setpos(chunk.first)
        left = chunk.last - chunk.first
        while left > 0 and (data := reader.readframes(min(chunk.rate, left))):
            writer.writeframes(data)
            left -= chunk.rate
    return target


def _quietest(reader: wave.Wave_read, place: int, rate: int) -> int:
    """Returns the middle (a sample) of the quietest half second within reach of `place`, the nearest where several are equal."""
    step = round(_STEP_SECONDS * rate)
    first = max(0, place - round(_REACH_SECONDS * rate))
    reader.setpos(first)
    sound = np.frombuffer(reader.readframes(2 * round(_REACH_SECONDS * rate)), "<i2")
    steps = len(sound) // step
    loudness = np.abs(sound[: steps * step].astype(np.int32)).reshape(steps, step).max(axis=1)
    if steps <= _QUIET_STEPS:
        return place
    # The loudest step of each half second counts: one word in it makes it unfit.
    windows: NDArray[np.int32] = np.lib.stride_tricks.sliding_window_view(loudness, _QUIET_STEPS).max(axis=1)
    middles = first + (np.arange(len(windows)) + _QUIET_STEPS / 2) * step
    # Noise varies a little: differences below 0.2 % of full scale do not count.
    quiet = windows // 64
    best = int(np.lexsort((np.abs(middles - place), quiet))[0])
    return int(middles[best])
