"""Computes which source frames a clip shows, and when, from frame times alone, before anything is decoded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

FASTEST = 60.0
# Requested times are often rounded to milliseconds: a frame that begins at the requested end does not belong to the clip.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame of a clip: the source frame at `source` is shown from `at` for `duration` (in seconds; times on the source's timeline)."""

    source: float
    at: float
    duration: float


def frames_between(times: Sequence[float], until: float, start: float, end: float, fps: float) -> list[Shown]:
    """Returns the clip's frames, from ascending source frame times. `until` is when the source ends; its last picture is shown until then.

    The first is the first frame at or after `start` within half a frame; the last is the last one before `end`. Where the source shows one
    picture across `start`, or begins after it, that picture is shown from `start` on. Rates above 60 are thinned, never resampled.
    """
    step = 1 / fps
    low = bisect_left(times, start - step / 2)
    high = bisect_left(times, end - _ROUNDING)
    chosen = [(at, at) for at in times[low:high]]
    if low > 0 and (not chosen or chosen[0][1] - start > 1.5 * step):
        chosen.insert(0, (times[low - 1], start))
    elif low == 0 and times and times[0] - start > step / 2:
        # The first picture is also shown before its own time.
        chosen = [(times[0], start), *chosen[1:]]
    if not chosen:
        # The requested range lies between two frames, so the nearest one is used.
        if not times:
            return []
        nearest = min(times, key=lambda at: abs(at - start))
        chosen = [(nearest, nearest)]
    if fps > FASTEST:
        chosen = _thinned(chosen, 1 / FASTEST - step / 4)
    last = chosen[-1][1]
    after = bisect_right(times, chosen[-1][0])
    natural = (times[after] if after < len(times) else max(until, last + step)) - last
    rest = natural if natural <= 1.5 * step else max(min(natural, end - last), step)
    ends = [at for _, at in chosen[1:]] + [last + rest]
    return [Shown(source, at, until - at) for (source, at), until in zip(chosen, ends, strict=True)]


def _thinned(chosen: Sequence[tuple[float, float]], apart: float) -> list[tuple[float, float]]:
    spaced = [chosen[0]]
    for frame in chosen[1:]:
        if frame[1] - spaced[-1][1] >= apart:
            spaced.append(frame)
    return spaced
