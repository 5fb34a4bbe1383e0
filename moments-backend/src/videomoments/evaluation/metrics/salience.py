"""Scores which parts were chosen: how much of what people marked as important lies in the moments that come first.

Moments are taken in their order until a share of the recording is full; the last one is cut there. The lift is the marked share of the time
that was taken over the recording's own: 1 is chance. Where the moments end before the share is full, the rest counts as chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from videomoments.core.times import Interval

SHARES = (0.1, 0.2, 0.3)
"""Shares of a recording, for which the lift is measured."""


class MarkedTime:
    """The marked part of a recording. `parts` are stretches with the share of each that is marked, 0 to 1; they do not overlap."""

    def __init__(self, parts: Sequence[tuple[Interval, float]], duration: float) -> None:
        self.duration = duration
        self._edges, self._marked, self._rates = [0.0], [0.0], [0.0]
        for span, share in sorted(parts, key=lambda part: part[0].start):
            start = min(max(span.start, self._edges[-1]), duration)
            end = min(max(span.end, start), duration)
            before = self.until(start)
            # Two entries for each part: the gap before it is not marked.
            for edge, marked, rate in ((start, before, share), (end, before + (end - start) * share, 0.0)):
                self._edges.append(edge)
                self._marked.append(marked)
                self._rates.append(rate)

    def until(self, time: float) -> float:
        """Returns the marked seconds before a time."""
        at = bisect_right(self._edges, time) - 1
        return self._marked[at] + (time - self._edges[at]) * self._rates[at]

    @property
    def share(self) -> float:
        """Returns the marked share of the whole recording."""
        return self.until(self.duration) / self.duration


def lift(marked: MarkedTime, spans: Sequence[Interval], share: float) -> float:
    """Returns the lift of spans, best first, at a share of the recording. Something must be marked."""
    wanted = left = marked.duration * share
    found = 0.0
    for part in _taken(spans, marked.duration):
        length = min(part.duration, left)
        found += marked.until(part.start + length) - marked.until(part.start)
        left -= length
        if left <= 0:
            break
    return (found / marked.share + left) / wanted


def _taken(spans: Sequence[Interval], duration: float) -> Iterator[Interval]:
    """Yields what each span adds to those before it, within the recording: what two hold counts once."""
    before: list[Interval] = []
    for span in spans:
        at = max(span.start, 0.0)
        for other in [*sorted(before, key=lambda one: one.start), Interval(duration, duration)]:
            end = min(span.end, other.start, duration)
            if end > at:
                yield Interval(at, end)
            at = max(at, other.end)
        before.append(span)
