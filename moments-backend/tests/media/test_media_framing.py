"""Which frames a clip shows: true for every source and every stretch."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from videomoments.media.cutting.frame_plan import frames_between

steps = st.lists(st.sampled_from([1 / 60, 1 / 30, 1001 / 30000, 0.04, 0.2, 1.0, 3.0]), min_size=2, max_size=60)


@given(steps, st.floats(0, 1), st.floats(0.01, 1), st.sampled_from([15.0, 25.0, 30.0, 60.0, 120.0]))
def test_frames_are_in_order_inside_and_without_a_hole(gaps: list[float], begin: float, length: float, fps: float) -> None:
    times = [sum(gaps[:number]) for number in range(len(gaps))]
    until = sum(gaps)
    start = begin * until
    end = start + length * (until - start) + 1 / fps
    shown = frames_between(times, until, start, end, fps)
    assert shown
    assert all(frame.source in times for frame in shown)
    assert all(later.at >= earlier.at for earlier, later in pairwise(shown))
    assert all(abs(earlier.at + earlier.duration - later.at) < 1e-9 for earlier, later in pairwise(shown))
    assert all(frame.duration > 0 for frame in shown)
    if len(shown) > 1:
        assert shown[0].at >= start - 0.5 / fps - 1e-9
        assert shown[-1].at < end


def test_a_steady_rate_gives_every_frame_once() -> None:
    times = [number / 25 for number in range(100)]
    shown = frames_between(times, 4.0, 1.0, 2.0, 25)
    assert [frame.source for frame in shown] == times[25:50]
    assert shown[-1].at + shown[-1].duration == 2.0
