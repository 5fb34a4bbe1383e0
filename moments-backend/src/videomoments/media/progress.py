"""Reports a job's progress. Runs only in the child."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

Emit = Callable[[Mapping[str, Any]], None]
_EVERY_SECONDS = 0.2


class Progress:
    """Reports to the parent how far a job is (0 to 1, None: alive), at most five times a second. It is called often, so it must cost almost
    nothing."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._next = 0.0

    def __call__(self, fraction: float | None = None) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_SECONDS
            self._emit({"event": "progress", "fraction": fraction})
