"""Decides when a process that died is started again: at once the first time, then later each time it dies soon."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from videomoments.cli import endings
from videomoments.cli.children import Child
from videomoments.core.errors import MomentsError, ServiceUnavailable

_FIRST_DELAY = 1.0
_LAST_DELAY = 30.0
# Seconds. A process that lived longer has started well: its next death counts as a first one.
_SETTLED_SECONDS = 30.0

Clock = Callable[[], float]
"""Monotonic seconds."""


class Backoff:
    """Computes the seconds from a death to the next start: 0, 1, 2, 4 … 30."""

    def __init__(self) -> None:
        self._delay = 0.0

    def after(self, lived: float) -> float:
        """Returns the delay before the next start of a process that lived for `lived` seconds."""
        delay = 0.0 if lived > _SETTLED_SECONDS else self._delay
        self._delay = min(max(delay * 2, _FIRST_DELAY), _LAST_DELAY)
        return delay


class Restarts:
    """Starts one child again when it dies."""

    def __init__(self, child: Child, clock: Clock = time.monotonic) -> None:
        self.child = child
        self._clock = clock
        self._backoff = Backoff()
        self._at: float | None = None

    def look(self) -> str | None:
        """Starts a dead child again when its delay is over. Returns what happened as a sentence, or None."""
        if self.child.running:
            return None
        said = None
        if self._at is None:
            delay = self._backoff.after(self._clock() - self.child.started_at)
            self._at = self._clock() + delay
            when = f"starting it again in {delay:.0f} s" if delay else "it is started again"
            said = f"The {self.child.name} process has ended; {when}. Its log is {self.child.log}."
        if self._clock() >= self._at:
            self._at = None
            self.child.start()
        return said


class FirstStart:
    """Watches the first start of the API. A child that dies with a server, or is killed, is started again; one that ends by itself will not
    start, and its log says why."""

    def __init__(
        self,
        child: Child,
        ended: Callable[[], Iterable[str]],
        revive: Callable[[], None],
        *,
        seconds: float,
        clock: Clock = time.monotonic,
    ) -> None:
        self.child = child
        self._ended = ended
        self._revive = revive
        self._seconds = seconds
        self._clock = clock
        self._disturbed = False
        self._until = clock() + seconds

    def look(self) -> None:
        """Starts the child or a server again. Raises ServiceUnavailable when the child, or a server, does not start."""
        if list(self._ended()):
            self._revive()
            self._disturbed = True
        if not self.child.running and (self._disturbed or self.child.killed):
            self._disturbed = False
            self.child.start()
            self._until = self._clock() + self._seconds
        if not self.child.running or self._clock() > self._until:
            raise ServiceUnavailable(
                f"The API does not start: {self.child.tail(1).strip() or 'no reason given'}",
                code="api_died",
                advice=f"Its log is {self.child.log}.",
            )


class Revival:
    """Starts servers again. `ended` quickly returns the names of those that have ended. `revive` blocks until all respond; it is also
    called `every` so many seconds, for servers that run without responding."""

    def __init__(
        self, ended: Callable[[], Iterable[str]], revive: Callable[[], None], *, every: float, clock: Clock = time.monotonic
    ) -> None:
        self._ended = ended
        self._revive = revive
        self._every = every
        self._clock = clock
        self._backoffs: dict[str, Backoff] = {}
        self._started_at: dict[str, float] = {}
        # The servers that have ended, and when each may be started.
        self._due: dict[str, float] = {}
        self._next = clock() + every
        self._trouble = ""

    def look(self) -> str | None:
        """Revives the servers when it is time. Returns the trouble as a sentence when it is new, else None."""
        for name in self._ended():
            if name not in self._due:
                lived = self._clock() - self._started_at.get(name, -math.inf)
                self._due[name] = self._clock() + self._backoffs.setdefault(name, Backoff()).after(lived)
        # `revive` starts them all, so a server that dies repeatedly does not delay one that has just died.
        if self._clock() < (min(self._due.values()) if self._due else self._next):
            return None
        reported, self._trouble = self._trouble, self._revived()
        self._started_at |= dict.fromkeys(self._due, self._clock())
        self._due.clear()
        self._next = self._clock() + self._every
        return self._trouble if self._trouble != reported and self._trouble else None

    def _revived(self) -> str:
        try:
            self._revive()
        except MomentsError as error:
            return endings.one_line(str(error))
        return ""
