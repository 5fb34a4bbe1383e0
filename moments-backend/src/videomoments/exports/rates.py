"""Frame rates as editors count them: rational, with SMPTE timecode, including drop-frame (SMPTE ST 12-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from videomoments.core.errors import InvalidInput

_NTSC = Fraction(1000, 1001)
# The names that users and editors use. Drop-frame exists for multiples of 29.97 only.
NAMED_RATES = {
    "23.976": (24 * _NTSC, False),
    "24": (Fraction(24), False),
    "25": (Fraction(25), False),
    "29.97": (30 * _NTSC, False),
    "29.97df": (30 * _NTSC, True),
    "30": (Fraction(30), False),
    "47.952": (48 * _NTSC, False),
    "48": (Fraction(48), False),
    "50": (Fraction(50), False),
    "59.94": (60 * _NTSC, False),
    "59.94df": (60 * _NTSC, True),
    "60": (Fraction(60), False),
}
_STANDARD = tuple(dict.fromkeys(rate for rate, _ in NAMED_RATES.values()))
# Editors have these rates too, although SMPTE's timecode with two digits of frames does not.
_HIGH = (Fraction(90), 96 * _NTSC, Fraction(96), Fraction(100), 120 * _NTSC, Fraction(120))
_HIGHEST_DROPPED = 60
_NEAR = 0.02
_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")


@dataclass(frozen=True, slots=True)
class FrameRate:
    """Frames per second, exact. `drop` says whether the timecode drops numbers to stay in step with the clock. Raises ValueError where it
    can't."""

    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and (self.rate.denominator != 1001 or self.nominal % 30):
            raise ValueError(f"no drop-frame timecode exists at {float(self.rate):.3f} frames per second")

    @property
    def nominal(self) -> int:
        """Returns the number of frames that the timecode counts per second: 30 at 29.97."""
        return round(self.rate)

    def frame(self, seconds: float) -> int:
        """Returns the frame whose start is nearest to a time in seconds."""
        return round(Fraction(seconds) * self.rate)

    def seconds(self, frame: int) -> Fraction:
        """Returns the exact time, in seconds, at which a frame starts."""
        return frame / self.rate

    @property
    def day(self) -> int:
        """Returns how many frames the timecode counts before it starts again."""
        return 24 * 3600 * self.nominal - 24 * 6 * self._dropped_in_ten

    def timecode(self, frame: int) -> str:
        """Returns a timecode like `01:00:00:00`, with a semicolon before the frames in drop-frame. It starts again at 24 hours; above 100
        frames a second the frames have three digits."""
        number = frame % self.day
        if self.drop:
            number = self._numbered(number)
        seconds, frames = divmod(number, self.nominal)
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{';' if self.drop else ':'}{frames:02d}"

    def frame_of(self, timecode: str) -> int:
        """Returns the frame of a timecode. Raises InvalidInput for a text that is no timecode at this rate."""
        found = _TIMECODE.fullmatch(timecode.strip())
        if found is None:
            raise InvalidInput(f"{timecode[:20]!r} is not a timecode.")
        hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or frames >= self.nominal:
            raise InvalidInput(f"{timecode[:20]!r} is not a timecode at {float(self.rate):.3f} frames per second.")
        number = ((hours * 60 + minutes) * 60 + seconds) * self.nominal + frames
        whole = hours * 60 + minutes
        return number - self._dropped_in_one * (whole - whole // 10)

    @property
    def _dropped_in_one(self) -> int:
        """Returns how many numbers are left out at the start of each minute, except every tenth."""
        return self.nominal // 15 if self.drop else 0

    @property
    def _dropped_in_ten(self) -> int:
        return 9 * self._dropped_in_one

    def _numbered(self, frame: int) -> int:
        """Returns the frame's number with the dropped numbers counted in."""
        per_minute = 60 * self.nominal - self._dropped_in_one
        tens, rest = divmod(frame, 600 * self.nominal - self._dropped_in_ten)
        minutes = 0 if rest < 60 * self.nominal else 1 + (rest - 60 * self.nominal) // per_minute
        return frame + tens * self._dropped_in_ten + minutes * self._dropped_in_one


def named_rate(name: str) -> FrameRate:
    """Returns one of `NAMED_RATES`. Raises InvalidInput."""
    try:
        return FrameRate(*NAMED_RATES[name])
    except KeyError as error:
        raise InvalidInput(f"There is no frame rate {name[:20]!r}.", advice=f"There are {', '.join(NAMED_RATES)}.") from error


def rate_of(fps: float | None, timecode: str | None = None) -> FrameRate:
    """Returns the rate that an editor would give a source measured at `fps` (None: it has no video) that starts at `timecode`.

    A rate that no editor has (webcams, screen recordings) becomes a multiple of it, else 30 or 60: `say_what_is_counted` notes it. At 29.97
    and 59.94 a source without a timecode counts as drop-frame, as in editors; a timecode itself shows which it is.
    """
    rate = _standard(fps) if fps else Fraction(25)
    if rate.denominator != 1001 or round(rate) % 30:
        return FrameRate(rate)
    dropped = timecode[8:9] in ";.," if timecode else round(rate) <= _HIGHEST_DROPPED
    return FrameRate(rate, drop=dropped)


def _standard(fps: float) -> Fraction:
    for most, rates in ((1, _STANDARD + _HIGH), (12, _STANDARD)):
        times, rate = min(((times, rate) for times in range(1, most + 1) for rate in rates), key=lambda pair: _apart(fps, *pair))
        if _apart(fps, times, rate) < _NEAR:
            return rate
    return Fraction(30 if fps < 30 else 60)


def _apart(fps: float, times: int, rate: Fraction) -> float:
    return abs(fps * times / float(rate) - 1)
