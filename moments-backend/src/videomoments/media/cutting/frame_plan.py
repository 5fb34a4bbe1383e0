"""Which source frames a clip shows, and when: pure arithmetic on frame times, before anything is decoded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

FASTEST = 60.0
# Asked times are often rounded to milliseconds: a frame that begins at the asked end does not belong to the clip.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame of a clip: the source frame at `source` seconds is shown from `at` for `duration` (source timeline, seconds)."""

    source: float
    at: float
    duration: float


def frames_between(times: Sequence[float], until: float, start: float, end: float, fps: float) -> list[Shown]:
    """The clip's frames, from ascending source frame times; `until` is when the source ends: its last picture rests there.

    The first is the first frame at or after `start` within half a frame, the last the last one before `end`. Where the source
    rests on one picture across `start`, or begins after it, that picture is shown from `start` on. Rates above 60 are thinned, never
    resampled.
    """
    step = 1 / fps
    low = bisect_left(times, start - step / 2)
    high = bisect_left(times, end - _ROUNDING)
    chosen = [(at, at) for at in times[low:high]]
    if low > 0 and (not chosen or chosen[0][1] - start > 1.5 * step):
        chosen.insert(0, (times[low - 1], start))
    elif low == 0 and times and times[0] - start > step / 2:
        # Before the first picture stands the first one.
        chosen = [(times[0], start), *chosen[1:]]
    if not chosen:
        # The asked stretch lies between two frames: its nearest one stands for it.
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
