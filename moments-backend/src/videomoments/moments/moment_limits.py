"""The limits that a user sets: how many moments, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from videomoments.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class MomentLimits:
    """`max_moments` is a count, the durations are seconds. Raises InvalidInput when they contradict each other."""

    max_moments: int = 12
    min_duration: float = 10.0
    max_duration: float = 120.0

    def __post_init__(self) -> None:
        if self.max_moments < 1:
            raise InvalidInput("The number of moments must be at least 1.")
        if not 0 < self.min_duration <= self.max_duration < float("inf"):
            raise InvalidInput("The shortest duration must be above 0 and not above the longest.")

    def as_json(self) -> dict[str, Any]:
        return {"max_moments": self.max_moments, "min_duration": self.min_duration, "max_duration": self.max_duration}
