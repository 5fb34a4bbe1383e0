"""Measures a clip around a boundary: loudness in 10 ms steps, and hard cuts.

All times are seconds from the clip's first video frame (from the first audio where there is no video).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models.audio import open_options
from moments_models.engine_contract import Task
from moments_models.errors import UnreadableMedia

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEP = 0.01
"""Seconds between two values of a loudness curve."""
_RATE = 16_000
_HOP = int(_RATE * STEP)
_FLOOR_DB = -90.0
_CONTRAST_DB = 12.0
"""Speech must stand this far above the background, or silence can't be told from it (music, a noisy street)."""
_CUT = 0.08
"""Mean change of the picture, 0 to 1, that a cut makes at least."""
_CUT_RATIO = 4.0
"""A cut changes the picture this many times more than the frames around it do."""
_WIDTH, _HEIGHT = 64, 36
_LONGEST_SOUND = 1800
"""Seconds of sound that are looked at; clips are minutes long, what claims to be one may not be."""
_GREATEST_FRAME = 8192 * 8192


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness in decibels (0 is full scale) in steps of 10 ms. `quiet` marks the steps in which nobody can be speaking."""

    start: float
    decibels: Floats
    quiet: NDArray[np.bool_]

    def silences(self, shortest: float = 0.06) -> list[tuple[float, float]]:
        """Returns the stretches of quiet of at least `shortest` seconds, as (start, end) in seconds."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.quiet, [False])).astype(int)))
        spans = [(float(self.start + first * STEP), float(self.start + last * STEP)) for first, last in edges.reshape(-1, 2)]
        return [span for span in spans if span[1] - span[0] >= shortest - 1e-9]


@dataclass(frozen=True, slots=True)
class ClipMeasurement:
    """The measurement of a clip. `silences` are stretches (start, end), or None where loudness can't show them. `cuts` are the times of the
    first frame after each hard cut."""

    silences: list[tuple[float, float]] | None
    cuts: list[float]


def measure(clip: Path, windows: Sequence[tuple[float, float]], task: Task) -> ClipMeasurement:
    """Measures the audio of the whole clip and the video inside `windows` (seconds). Raises `UnreadableMedia`."""
    with _opened(clip) as container:
        zero = _zero(container)
        loudness = _loudness(container, zero, task) if container.streams.audio else None
    cuts: list[float] = []
    for window in windows:
        with _opened(clip) as container:
            if container.streams.video:
                cuts.extend(_cuts(container, zero, window, task))
    return ClipMeasurement(loudness.silences() if loudness is not None else None, sorted(set(cuts)))


@contextmanager
def _opened(clip: Path) -> Iterator[Any]:
    import av

    try:
        with av.open(str(clip), "r", options=open_options(), metadata_errors="replace") as container:
            if not container.streams.video and not container.streams.audio:
                raise UnreadableMedia("the clip has neither picture nor sound")
            yield container
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableMedia("the clip can't be read") from error


def _zero(container: Any) -> float:
    """Returns the time of the first frame: its PTS, not the container's start, which may be that of earlier audio."""
    stream = (container.streams.video or container.streams.audio)[0]
    if stream.type == "video" and stream.codec_context.width * stream.codec_context.height > _GREATEST_FRAME:
        raise UnreadableMedia("the clip's picture is too large")
    for frame in container.decode(stream):
        if frame.time is not None:
            container.seek(0)
            return float(frame.time)
    raise UnreadableMedia("the clip has no frames")


def _loudness(container: Any, zero: float, task: Task) -> Loudness | None:
    """Returns the root mean square per 10 ms, on the clip's timeline, or None when there is no audio in it or no contrast."""
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
    first: float | None = None
    parts: list[NDArray[np.float32]] = []
    have = 0
    for frame in container.decode(container.streams.audio[0]):
        task.check()
        if frame.time is not None:
            first = frame.time if first is None else first
            hole = int((frame.time - first) * _RATE) - have
            if 0.05 * _RATE < hole < 600 * _RATE:
                parts.append(np.zeros(hole, np.float32))
                have += hole
        frame.pts = None
        for piece in resampler.resample(frame):
            parts.append(np.asarray(piece.to_ndarray(), np.float32).reshape(-1))
            have += len(parts[-1])
        if have > _LONGEST_SOUND * _RATE:
            break
    if first is None or have < _HOP * 10:
        return None
    sound = np.concatenate(parts)
    steps = sound[: len(sound) // _HOP * _HOP].reshape(-1, _HOP).astype(np.float64)
    power = (steps**2).mean(axis=1)
    # Values are means of three steps: one wave of a low voice is longer than 10 ms.
    smooth = np.convolve(np.pad(power, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    decibels = np.maximum(10 * np.log10(smooth + 1e-12), _FLOOR_DB)
    floor, speech = np.percentile(decibels, 8), np.percentile(decibels, 90)
    if speech - floor < _CONTRAST_DB:
        return None
    threshold = floor + max(6.0, 0.35 * (speech - floor)) if floor > _FLOOR_DB + 20 else max(speech - 35.0, floor + 6.0)
    return Loudness(first - zero, decibels, decibels < threshold)


def _cuts(container: Any, zero: float, window: tuple[float, float], task: Task) -> Iterator[float]:
    """Yields the times of the first frames after hard cuts inside a window."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    if window[0] > 0.5:
        container.seek(int((window[0] + zero - 0.5) / stream.time_base), stream=stream, backward=True)
    times: list[float] = []
    pictures: list[NDArray[np.float32]] = []
    for frame in container.decode(stream):
        task.check()
        if frame.time is None or frame.time - zero < window[0]:
            continue
        if frame.time - zero > window[1]:
            break
        small = frame.reformat(width=_WIDTH, height=_HEIGHT, format="rgb24").to_ndarray()
        times.append(float(frame.time) - zero)
        pictures.append(small.astype(np.float32) / 255)
    if len(pictures) >= 3:
        changes = np.array([np.abs(after - before).mean() for before, after in pairwise(pictures)])
        yield from (times[index + 1] for index in _peaks(changes))


def _peaks(changes: NDArray[np.float64]) -> Iterator[int]:
    for index, change in enumerate(changes):
        around = np.delete(changes[max(0, index - 6) : index + 7], min(index, 6))
        if change >= _CUT and change >= _CUT_RATIO * float(np.median(around)) and change >= float(around.max()):
            yield index
