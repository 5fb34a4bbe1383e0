"""When what has died is started again: at once the first time, then later each time it dies soon."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from videomoments.cli import endings
from videomoments.cli.children import Child
from videomoments.core.errors import MomentsError, ServiceUnavailable

_FIRST_DELAY = 1.0
_LAST_DELAY = 30.0
# What lived so long has started well: its next death is a first one again.
_SETTLED_SECONDS = 30.0

Clock = Callable[[], float]
"""Monotonic seconds."""


class Backoff:
    """Seconds from a death to the next start: 0, 1, 2, 4 … 30."""

    def __init__(self) -> None:
        self._delay = 0.0

    def after(self, lived: float) -> float:
        """The delay before the start of what has lived for `lived` seconds."""
        delay = 0.0 if lived > _SETTLED_SECONDS else self._delay
        self._delay = min(max(delay * 2, _FIRST_DELAY), _LAST_DELAY)
        return delay


class Restarts:
    """Starts one child again."""

    def __init__(self, child: Child, clock: Clock = time.monotonic) -> None:
        self.child = child
        self._clock = clock
        self._backoff = Backoff()
        self._at: float | None = None

    def look(self) -> str | None:
        """Starts the child anew when it is dead and its time has come; what happened, in words, or None."""
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
    """The start of the child that all others are told of. Where it dies with a server, or is killed, it is started again; where it ends by
    itself, it won't start, and says why."""

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
        """Raises ServiceUnavailable when the child, or a server, does not start."""
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
    """Starts servers again. `ended` names at a glance those that are gone; `revive` blocks until all answer, and is called `every` so many
    seconds too, for those that are there and don't."""

    def __init__(
        self, ended: Callable[[], Iterable[str]], revive: Callable[[], None], *, every: float, clock: Clock = time.monotonic
    ) -> None:
        self._ended = ended
        self._revive = revive
        self._every = every
        self._clock = clock
        self._backoffs: dict[str, Backoff] = {}
        self._started_at: dict[str, float] = {}
        # Those that are gone, and when each may be started.
        self._due: dict[str, float] = {}
        self._next = clock() + every
        self._trouble = ""

    def look(self) -> str | None:
        """Revives when it is time to; the trouble in words, when it is new, or None."""
        for name in self._ended():
            if name not in self._due:
                lived = self._clock() - self._started_at.get(name, -math.inf)
                self._due[name] = self._clock() + self._backoffs.setdefault(name, Backoff()).after(lived)
        # `revive` starts them all: one that dies again and again holds up none that has just died.
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
