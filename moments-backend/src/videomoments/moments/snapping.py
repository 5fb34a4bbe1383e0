"""Moves boundaries to where a cut is clean: between words, in silence, around whole sentences.

A cut never falls inside a word, as far as word times are known, with one exception: a word longer than the longest duration allowed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from videomoments.core.times import Interval
from videomoments.moments.lines import Line, Word
from videomoments.moments.moment_limits import MomentLimits

# Room before the first word and after the last: word times are off by 60 ms (median), and a cut right on the speech clicks.
LEAD_IN_SECONDS = 0.12
LEAD_OUT_SECONDS = 0.2
# A shorter silence is the closure of a consonant.
SILENCE_SECONDS = 0.15
_ROUNDING = 3


class Snapper:
    """Snaps stretches of one recording. All times are seconds on its timeline; every result lies within the measured `duration`.

    Measured `silences` correct a recogniser's words, which may begin half a second early: a word's edge is moved past silence.
    """

    def __init__(self, lines: Sequence[Line], words: Sequence[Word], duration: float, silences: Sequence[Interval] = ()) -> None:
        self._duration = max(0.0, duration)
        inside = (item.clamped(0.0, self._duration) for item in silences)
        self._silences = sorted((item for item in inside if item.duration >= SILENCE_SECONDS), key=lambda item: item.start)
        self._lines = self._spans([(line.start, line.end) for line in lines])
        self._words = self._spans([(word.start, word.end) for word in words]) if words else self._lines
        self._starts = [word.start for word in self._words]
        self._ends = [word.end for word in self._words]

    def _spans(self, spans: Sequence[tuple[float, float]]) -> list[Interval]:
        return _trimmed(_disjoint(spans, self._duration), self._silences)

    def to_lines(self, interval: Interval, limits: MomentLimits) -> Interval:
        """Returns the stretch of the whole lines that `interval` covers. Lines are added or left out at the end, then at the start, to fit
        the limits.

        Where the recording is too short, or no line edge fits, the measured duration and whole words count before the limits.
        """
        wanted = interval.clamped(0.0, self._duration)
        if not self._lines:
            return self._timed(wanted, limits)
        first, last = self._span(wanted)
        first, last = self._fitting(first, last, limits)
        start, end = self._lead_in(self._lines[first].start), self._lead_out(self._lines[last].end)
        if end - start > limits.max_duration:
            start, end = self._shortened(start, end, limits.max_duration)
        elif end - start < limits.min_duration:
            start, end = self._stretched(start, end, limits)
        return _rounded(start, end, self._duration)

    def to_words(self, interval: Interval, limits: MomentLimits | None = None) -> Interval:
        """Returns `interval` with each edge moved out of words and into the silence beside them. It is for boundaries that a model has
        refined.

        A word at an edge stays inside when more than half of it is. An edge in a pause stays where a model may have meant it: close to the
        speech (a breath, a change of shot) or far from it (a gesture, music).
        """
        wanted = interval.clamped(0.0, self._duration)
        start, end = self._start_edge(wanted.start), self._end_edge(wanted.end)
        if end <= start:
            start, end = self._lead_in(self._clear_start(wanted.start)), self._lead_out(self._clear_end(wanted.end))
        if limits is not None and end - start > limits.max_duration:
            start, end = self._shortened(start, end, limits.max_duration)
        elif limits is not None and end - start < limits.min_duration:
            start, end = self._stretched(start, end, limits)
        return _rounded(start, end, self._duration)

    def inside(self, interval: Interval) -> Interval | None:
        """Returns the stretch of the whole lines within `interval`, with lead-in and lead-out where there is room, or None without such a
        line."""
        first = next((index for index, line in enumerate(self._lines) if line.start >= interval.start), None)
        last = next((index for index in range(len(self._lines) - 1, -1, -1) if self._lines[index].end <= interval.end), None)
        if first is None or last is None or last < first:
            return None
        start = max(interval.start, self._lead_in(self._lines[first].start))
        return _rounded(start, min(interval.end, self._lead_out(self._lines[last].end)), self._duration)

    # Lines

    def _span(self, wanted: Interval) -> tuple[int, int]:
        """Returns the first and last line of a stretch, as indices. A line belongs to it when it holds half of the line or 3 seconds; when
        there is no such line, the nearest one is taken."""
        held = [index for index, line in enumerate(self._lines) if wanted.overlap(line) >= min(line.duration / 2, 3.0)]
        if held:
            return held[0], held[-1]
        middle = (wanted.start + wanted.end) / 2
        nearest = min(range(len(self._lines)), key=lambda index: _distance(self._lines[index], middle))
        return nearest, nearest

    def _fitting(self, first: int, last: int, limits: MomentLimits) -> tuple[int, int]:
        lines = self._lines
        while last > first and lines[last].end - lines[first].start > limits.max_duration:
            last -= 1
        while lines[last].end - lines[first].start < limits.min_duration:
            later = last + 1 < len(lines) and lines[last + 1].end - lines[first].start <= limits.max_duration
            earlier = first > 0 and lines[last].end - lines[first - 1].start <= limits.max_duration
            # The nearer neighbour belongs more likely to the same thought; at a tie, go on rather than back.
            after = lines[last + 1].start - lines[last].end if later else float("inf")
            before = lines[first].start - lines[first - 1].end if earlier else float("inf")
            if not later and not earlier:
                break
            first, last = (first, last + 1) if after <= before + 1e-9 else (first - 1, last)
        return first, last

    # Words

    def _start_edge(self, time: float) -> float:
        word = self._word_at(time)
        if word is not None:
            inside_more = word.end - time >= word.duration / 2
            return self._lead_in(word.start if inside_more else self._next_start(word.end))
        following = self._next_start(time)
        return time if _meant(following - time) else self._lead_in(following)

    def _end_edge(self, time: float) -> float:
        word = self._word_at(time)
        if word is not None:
            inside_more = time - word.start >= word.duration / 2
            return self._lead_out(word.end if inside_more else self._previous_end(word.start))
        previous = self._previous_end(time)
        return time if _meant(time - previous) else self._lead_out(previous)

    def _clear_start(self, time: float) -> float:
        word = self._word_at(time)
        return word.start if word else time

    def _clear_end(self, time: float) -> float:
        word = self._word_at(time)
        return word.end if word else time

    def _word_at(self, time: float) -> Interval | None:
        """Returns the word that holds `time` strictly inside, or None."""
        index = bisect_left(self._starts, time) - 1
        return self._words[index] if index >= 0 and self._words[index].end > time else None

    def _previous_end(self, time: float) -> float:
        index = bisect_right(self._ends, time) - 1
        return self._ends[index] if index >= 0 else 0.0

    def _next_start(self, time: float) -> float:
        index = bisect_left(self._starts, time)
        return self._starts[index] if index < len(self._starts) else self._duration

    def _lead_in(self, start: float) -> float:
        """Returns a time a little before `start`: at most half the gap to the word before, and inside a measured silence where there is
        one."""
        previous = self._previous_end(start)
        earliest = max(start - LEAD_IN_SECONDS, (previous + start) / 2 if previous > 0 else 0.0, 0.0)
        silence = next((item for item in self._silences if item.start < start and earliest < item.end <= start), None)
        # Sound between the silence and the word's own time is the beginning of the word: lead in from the silence.
        return max(min(earliest, silence.end - 0.02), previous, silence.start) if silence else earliest

    def _lead_out(self, end: float) -> float:
        following = self._next_start(end)
        room = (end + following) / 2 if following < self._duration else self._duration
        return min(end + LEAD_OUT_SECONDS, room, self._duration)

    # Lengths

    def _shortened(self, start: float, end: float, longest: float) -> tuple[float, float]:
        """Shortens a stretch to `longest` seconds. The room around the words goes first, then words from the end on; the cut is at a word's
        end."""
        first, last = self._next_start(start), self._previous_end(end)
        if last - first <= longest:
            start = max(start, min(last, end) - longest) if last > first else start
            return start, min(end, start + longest)
        for begin in (start, first):
            index = bisect_right(self._ends, begin + longest + 1e-9) - 1
            if index >= 0 and self._ends[index] > first:
                return begin, min(self._lead_out(self._ends[index]), begin + longest)
        return first, first + longest

    def _stretched(self, start: float, end: float, limits: MomentLimits) -> tuple[float, float]:
        """Lengthens a stretch to the shortest duration: forward, then backward, past words that an edge would cut, and no further than the
        longest."""
        end = self._lead_out(self._clear_end(min(start + limits.min_duration, self._duration)))
        if end - start > limits.max_duration:
            return self._shortened(start, end, limits.max_duration)
        if end - start < limits.min_duration:
            start = self._clear_start(max(0.0, end - limits.min_duration))
            if end - start > limits.max_duration:
                start = min(self._next_start(start + 1e-9), end)
        return start, end

    def _timed(self, wanted: Interval, limits: MomentLimits) -> Interval:
        """Fits a stretch to the limits by time alone, because there is no transcript."""
        length = min(max(wanted.duration, limits.min_duration), limits.max_duration, self._duration)
        start = min(wanted.start, self._duration - length)
        return _rounded(start, start + length, self._duration)


def _disjoint(spans: Sequence[tuple[float, float]], duration: float) -> list[Interval]:
    """Sorts spans and cuts them to the recording, without overlaps: a recogniser's words may touch or overlap a little."""
    result: list[Interval] = []
    for start, end in sorted(spans):
        low = max(0.0, start, result[-1].end if result else 0.0)
        high = min(end, duration)
        if high > low:
            result.append(Interval(low, high))
    return result


def _trimmed(spans: Sequence[Interval], silences: Sequence[Interval]) -> list[Interval]:
    """Returns `spans` without the silence at their edges. A span that is all silence stays as it is. Both arguments are sorted; silences
    are disjoint."""
    begins = [silence.start for silence in silences]
    result = []
    for span in spans:
        head = max((silence.end for silence in _around(silences, begins, span.start) if silence.start <= span.start), default=span.start)
        tail = min((silence.start for silence in _around(silences, begins, span.end) if silence.end >= span.end), default=span.end)
        start, end = max(span.start, head), min(span.end, tail)
        result.append(Interval(start, end) if start < end else span)
    return result


def _around(silences: Sequence[Interval], begins: Sequence[float], time: float) -> Sequence[Interval]:
    """Returns the silence that holds `time`, in a sequence of one, or an empty sequence."""
    index = bisect_right(begins, time) - 1
    return silences[index : index + 1] if index >= 0 and silences[index].end >= time else ()


def _meant(distance: float) -> bool:
    """Returns whether an edge at this distance (seconds) from the speech stays where it is. Nearer than 30 ms it would click; between 0.5
    and 1 s it is only imprecise."""
    return 0.03 <= distance <= 0.5 or distance > 1.0


def _distance(line: Interval, time: float) -> float:
    return max(line.start - time, time - line.end, 0.0)


def _rounded(start: float, end: float, duration: float) -> Interval:
    """Rounds a stretch to whole milliseconds and keeps it inside the recording."""
    low = min(max(0.0, round(start, _ROUNDING)), duration)
    return Interval(low, max(low, min(round(end, _ROUNDING), duration)))
