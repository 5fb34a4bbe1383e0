"""What an exact cut is: the frames that the contract promises for a stretch, and a judgement of the clip."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from media import judge
from media.makers import Drawn, number_in
from videomoments.core.times import Interval
from videomoments.media.types import CutClip, MediaInfo

# Seconds that no encoder of these tests takes to begin.
_PRIMING = 0.06


def asked_of(made: Drawn, pick: random.Random, number: int, lengths: tuple[float, float] = (2.5, 5.0)) -> tuple[Interval, list[int]]:
    """A random stretch, so many seconds long, and the numbers of the frames that the contract promises for it."""
    times = np.array(made.times)
    while True:
        start = pick.uniform(0, made.seconds - lengths[1] - 0.5)
        end = start + pick.uniform(*lengths)
        if number % 2:
            start, end = (round(float(times[np.abs(times - at).argmin()]), 3) for at in (start, end))
        if end - start < lengths[0] / 2:
            continue
        step = len(times) / (made.seconds - times[0])
        frames = [n for n, at in enumerate(made.times) if start - 0.5 / step <= at < end - 0.001]
        edges = [abs(at - (start - 0.5 / step)) for at in made.times] + [abs(at - (end - 0.001)) for at in made.times]
        # A cut on the very edge of the rule could fall either way.
        if min(edges) > 0.0005 or number % 2:
            if start < made.times[0] - 0.5 / step:
                # Before the first picture stands the first one.
                frames = [0, *(n for n in frames if n)]
            elif made.times[frames[0]] - start > 1.5 / step:
                frames.insert(0, frames[0] - 1)
            return Interval(start, end), frames


def with_priming(made: Drawn, info: MediaInfo) -> Drawn:
    """The truth for a container that shows an encoder's priming as sound: where sound begins the timeline, that begins so much earlier."""
    assert info.video is not None
    by = info.video.start - made.times[0]
    assert 0 <= by + 0.002 < _PRIMING
    return replace(made, times=tuple(at + by for at in made.times), seconds=made.seconds + by, beeps=tuple(at + by for at in made.beeps))


def check_clip(made: Drawn, clip: CutClip, wanted: list[int], originals: list[Any], *, turns: int = 0) -> None:
    """A clip holds the frames `wanted` as in `originals`, at their times, and its sound in place; `turns` puts the strip upright."""
    first = made.times[wanted[0]]
    lumas = judge.lumas(clip.path)
    assert [number_in(np.rot90(luma, turns)) for luma in lumas] == wanted, clip
    for number, luma in zip(wanted, lumas, strict=True):
        assert np.abs(luma.astype(int) - originals[number].astype(int)).mean() < 4, number
    shown = judge.times(clip.path)
    assert len(shown) == clip.frames == len(wanted)
    expected = [0.0, *(made.times[number] - clip.start for number in wanted[1:])]
    assert shown == pytest.approx(expected, abs=0.002)
    assert clip.start == pytest.approx(first, abs=0.002) or clip.start > first or wanted[0] == 0
    # A player that knows no edit lists shows the same: nothing is hidden in the file.
    assert clip.mode == "copy" or judge.times(clip.path, ignore_edits=True) == pytest.approx(shown, abs=0.001)
    if made.beeps:
        samples = judge.sound(clip.path)
        length = clip.end - clip.start
        beeps = [at - clip.start for at in made.beeps]
        heard = judge.beeps(samples)
        # What begins at the very edge may or may not be heard as a beginning.
        missed = [at for at in beeps if 0.03 < at < length - 0.06 and not any(abs(at - other) <= 0.010 for other in heard)]
        strange = [at for at in heard if 0.02 < at < length - 0.06 and not any(abs(at - other) <= 0.010 for other in beeps)]
        assert (missed, strange) == ([], [])
        assert len(samples) / judge.RATE == pytest.approx(length, abs=0.035)
