"""Frame rates and timecode, judged by OpenTimelineIO's."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import frame_rates

from videomoments.core.errors import InvalidInput
from videomoments.exports.rates import FrameRate, named_rate, rate_of

opentime = pytest.importorskip("opentimelineio.opentime", reason="OpenTimelineIO has no wheel for this Python")


@given(frame_rates(), st.integers(0, 24 * 3600 * 60 - 1))
def test_timecode_is_what_opentimelineio_says(rate: FrameRate, number: int) -> None:
    frame = number % int(23 * 3600 * rate.rate)
    time = opentime.RationalTime(frame, float(rate.rate))
    expected = opentime.to_timecode(time, float(rate.rate), rate.drop)
    assert rate.timecode(frame) == expected
    assert rate.frame_of(expected) == frame
    assert opentime.from_timecode(expected, float(rate.rate)).value == frame


def test_drop_frame_keeps_up_with_the_clock() -> None:
    rate = named_rate("29.97df")
    assert rate.timecode(1799) == "00:00:59;29"
    assert rate.timecode(1800) == "00:01:00;02"  # two numbers are left out at each minute
    assert rate.timecode(17982) == "00:10:00;00"  # but at every tenth
    assert rate.timecode(rate.frame(3600.0)) == "01:00:00;00"
    assert named_rate("59.94df").timecode(3600) == "00:01:00;04"


def test_a_day_wraps() -> None:
    for name in ("23.976", "25", "29.97df", "60"):
        rate = named_rate(name)
        day = rate.frame_of(rate.timecode(-1)) + 1
        assert rate.timecode(day) == rate.timecode(0)


@pytest.mark.parametrize(
    ("fps", "timecode", "rate", "drop"),
    [
        (29.97003, None, Fraction(30000, 1001), True),
        (29.97, "01:00:00:00", Fraction(30000, 1001), False),
        (29.97, "01:00:00;00", Fraction(30000, 1001), True),
        (23.976, None, Fraction(24000, 1001), False),
        (23.98, None, Fraction(24000, 1001), False),
        (24.0, None, Fraction(24), False),
        (59.94, None, Fraction(60000, 1001), True),
        (60.0, None, Fraction(60), False),
        (29.8, None, Fraction(30000, 1001), True),
        (15.0, None, Fraction(30), False),
        (12.5, None, Fraction(25), False),
        (17.3, None, Fraction(30), False),
        (144.0, None, Fraction(60), False),
        (None, None, Fraction(25), False),
    ],
)
def test_a_measured_rate_becomes_an_editors_one(fps: float | None, timecode: str | None, rate: Fraction, drop: bool) -> None:
    assert rate_of(fps, timecode) == FrameRate(rate, drop)


@pytest.mark.parametrize("nonsense", ["", "1:00:00:00", "00:60:00:00", "00:00:60:00", "00:00:00:25", "ab:cd:ef:gh"])
def test_what_is_no_timecode_is_refused(nonsense: str) -> None:
    with pytest.raises(InvalidInput):
        named_rate("25").frame_of(nonsense)


def test_no_drop_frame_but_for_ntsc() -> None:
    with pytest.raises(ValueError, match="drop-frame"):
        FrameRate(Fraction(25), drop=True)
    with pytest.raises(ValueError, match="drop-frame"):
        FrameRate(Fraction(24000, 1001), drop=True)
