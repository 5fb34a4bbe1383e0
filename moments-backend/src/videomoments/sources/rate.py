"""Enforces the least speed of a download: a slow server must not hold a worker's place for hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from videomoments.core.errors import SourceUnavailable

TOO_SLOW = "source_too_slow"


@dataclass(slots=True)
class MinimumRate:
    """Requires at least `rate` bytes per second in each period of `seconds`. A rate of 0 allows any speed."""

    rate: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self._since = self.clock()

    def came(self, size: int, host: str) -> None:
        """Counts `size` more bytes. Raises a retryable `SourceUnavailable` (`source_too_slow`) at the end of a period with too few."""
        self._bytes += size
        elapsed = self.clock() - self._since
        if elapsed < self.seconds:
            return
        if self._bytes < self.rate * elapsed:
            raise SourceUnavailable(
                f"{host} sends too slowly: {self._bytes / elapsed:.0f} bytes a second, and the least is {self.rate}.",
                code=TOO_SLOW,
                advice="Try again later, download it yourself and give the file, or lower MOMENTS_DOWNLOAD_MIN_RATE.",
            )
        self._since, self._bytes = self.clock(), 0
