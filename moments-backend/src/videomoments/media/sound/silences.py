"""Finds where a recording is quiet, from its waveform: no decoding, milliseconds for an hour. Thresholds follow the loudness of each
minute."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from videomoments.core.times import Interval
from videomoments.media.sound.waveform import STEP_SECONDS, Pairs

SHORTEST_SECONDS = 0.15
_WINDOW = 6000
# Quiet is 30 dB below the minute's loud parts. In a loud room the threshold is higher, but at least 20 dB below the loud parts.
_BELOW_SPEECH = 10 ** (-30 / 20)
_MOST = 10 ** (-20 / 20)
_ABOVE_FLOOR = 2.0
# Peaks below this (-66 dBFS) are always quiet.
_ALWAYS_QUIET = 16
# A click this short does not end a silence.
_CLICK_STEPS = 1


def find_silences(pairs: Pairs, shortest: float = SHORTEST_SECONDS) -> list[Interval]:
    """Returns quiet intervals of at least `shortest` seconds, exact to 10 ms. `pairs` are the waveform's finest."""
    if not len(pairs):
        return []
    peaks = np.maximum(pairs[:, 1].astype(np.int32), -pairs[:, 0].astype(np.int32))
    quiet = peaks <= _thresholds(peaks)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if starts.size > 1:
        apart = starts[1:] - ends[:-1] > _CLICK_STEPS
        starts, ends = starts[np.concatenate(([True], apart))], ends[np.concatenate((apart, [True]))]
    long = (ends - starts) * STEP_SECONDS >= shortest - 1e-9
    return [
        Interval(round(float(start) * STEP_SECONDS, 2), round(float(end) * STEP_SECONDS, 2))
        for start, end in zip(starts[long], ends[long], strict=True)
    ]


def _thresholds(peaks: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Returns the highest peak that counts as quiet, per step."""
    windows = max(1, round(len(peaks) / _WINDOW))
    bounds = np.linspace(0, len(peaks), windows + 1).astype(int)
    result = np.empty(len(peaks))
    for first, last in pairwise(bounds.tolist()):
        floor, loud = np.percentile(peaks[first:last], (5, 95))
        result[first:last] = max(_ALWAYS_QUIET, min(max(floor * _ABOVE_FLOOR, loud * _BELOW_SPEECH), loud * _MOST))
    return result
