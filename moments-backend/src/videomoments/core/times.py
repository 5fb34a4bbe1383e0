"""Clock times are timezone-aware UTC. Media times are float seconds on the source's own timeline; 0 is its first frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def isoformat(moment: datetime | None) -> str | None:
    """Returns the form of the Redis contract, `2026-02-18T10:00:00Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def clock(seconds: float) -> str:
    """Returns a media time or a length as h:mm:ss, for example `0:01:15`."""
    whole = int(max(0.0, seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def short_clock(seconds: float) -> str:
    """Returns a length or a media time as `0:42`, or as `1:02:03` from an hour on."""
    whole = round(max(0.0, seconds))
    return clock(whole) if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval [start, end) of media time, in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start

    def clamped(self, low: float, high: float) -> Interval:
        start = min(max(self.start, low), high)
        return Interval(start, min(max(self.end, start), high))

    def padded(self, left: float, right: float) -> Interval:
        return Interval(self.start - left, self.end + right)

    def shifted(self, by: float) -> Interval:
        return Interval(self.start + by, self.end + by)

    def overlap(self, other: Interval) -> float:
        """Returns the seconds that both intervals share."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def iou(self, other: Interval) -> float:
        """Returns intersection over union, 0 to 1."""
        shared = self.overlap(other)
        union = self.duration + other.duration - shared
        return shared / union if union > 0 else 0.0
