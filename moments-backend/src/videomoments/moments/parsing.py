"""Reads the moments in a model's answer. Whatever the model wrote, nothing crashes and no invalid row gets through.

JSON is read leniently (prose, fences, thinking tags, small faults), rows are checked strictly. A row that can't be used is dropped with a
reason. An answer without any usable row raises ModelError (`model_bad_answer`, `model_truncated`); its message is written for the model,
which is asked again with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.moments.answer_json import Extracted, extract_json
from videomoments.moments.prompt_texts import TimeBase
from videomoments.moments.rows import MOMENTS, REFINED, Rows, Unreadable, find_rows, score_of, text_of, times_of
from videomoments.moments.scores import read_scores
from videomoments.moments.thinking import ThinkingUnclosed
from videomoments.moments.title_cleaning import clean_reason, clean_text, clean_title

# Rows beyond this number are not read: no real answer has so many, and checking a flood of rows takes long.
MAX_ROWS = 2000
# A time that lies further than this outside the stretch that the model was shown counts as invented.
TOLERANCE_SECONDS = 2.0
_MAX_DROPPED = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed moment in seconds of the recording. `score` is 0 to 1, or None where the answer has none that can be read. `doubtful` says
    that its words were recognised with low confidence."""

    start: float
    end: float
    title: str
    score: float | None
    reason: str
    doubtful: bool = False

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)

    def moved(self, interval: Interval) -> Candidate:
        return replace(self, start=interval.start, end=interval.end)


@dataclass(frozen=True, slots=True)
class UnusedRow:
    """A row, or its score, that was not used. `row` counts from 1 as in the answer."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Generation:
    """Holds what one answer gave: the usable candidates in the answer's order, the first 50 dropped rows, and the first 50 scores that
    could not be read; their candidates are there without a score."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[UnusedRow, ...]
    unread: tuple[UnusedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RefinedBoundaries:
    """New boundaries of a moment, in seconds of the clip (ClipRefinement) or of the recording (AbsoluteRefinement)."""

    start_time: float
    end_time: float
    reason: str
    title: str | None


@dataclass(frozen=True, slots=True)
class ClipRefinement(RefinedBoundaries):
    """A refinement whose times count from the clip's first frame."""


@dataclass(frozen=True, slots=True)
class AbsoluteRefinement(RefinedBoundaries):
    """A refinement whose times count from the recording's first frame."""


def to_absolute(refinement: ClipRefinement | AbsoluteRefinement, clip_start: float | None) -> Interval:
    """Returns the refined stretch on the recording's timeline. `clip_start` is where the clip's first frame lies in it, in seconds.

    Raises ValueError for a clip refinement without a clip start: nothing is guessed.
    """
    times = Interval(refinement.start_time, refinement.end_time)
    if isinstance(refinement, AbsoluteRefinement):
        return times
    if clip_start is None:
        raise ValueError("a refinement in clip time needs the clip's start")
    return times.shifted(clip_start)


def parse_generation(text: str, *, duration: float, shown: Interval | None = None, finish_reason: str | None = None) -> Generation:
    """Returns the candidates in a model's answer, clamped to the measured `duration` (seconds) and to the stretch that the model was
    `shown`.

    An empty array is a valid answer. Raises ModelError `model_truncated` when the answer was cut off for length, and `model_bad_answer`
    when it holds no array, or rows of which none can be used.
    """
    extracted = _extracted(text, finish_reason, "a JSON array of moments")
    found = _found(extracted.value, MOMENTS)
    if found is None:
        raise _bad("The answer must be a JSON array of moments.")
    rows = found.rows[:-1] if extracted.truncated else found.rows
    visible = (shown or Interval(0.0, duration)).clamped(0.0, duration)
    candidates, dropped, unread = _read(rows[:MAX_ROWS], visible)
    if len(rows) > MAX_ROWS:
        dropped.append(UnusedRow(MAX_ROWS + 1, f"only the first {MAX_ROWS} rows are read"))
    if extracted.truncated:
        dropped.append(UnusedRow(len(rows) + 1, "the answer breaks off here"))
    if not candidates and dropped:
        named = "; ".join(f"row {one.row}: {one.reason}" for one in dropped[:3])
        more = f"; and {len(dropped) - 3} more" if len(dropped) > 3 else ""
        raise _bad(f"No row could be used; {named}{more}.")
    dropped += [UnusedRow(len(rows) + 1, reason) for reason in found.unread]
    return Generation(tuple(candidates), tuple(dropped[:_MAX_DROPPED]), tuple(unread[:_MAX_DROPPED]))


def _read(rows: Sequence[Any], visible: Interval) -> tuple[list[Candidate], list[UnusedRow], list[UnusedRow]]:
    """Returns the usable candidates, the rows that can't be used, and the scores that could not be read."""
    candidates: list[Candidate] = []
    dropped: list[UnusedRow] = []
    unread: list[UnusedRow] = []
    seen: set[tuple[float, float]] = set()
    written = [score_of(row) for row in rows]
    for number, (row, said, score) in enumerate(zip(rows, written, read_scores(written), strict=True), 1):
        outcome = _candidate(row, visible, score)
        if isinstance(outcome, Candidate):
            key = (round(outcome.start, 2), round(outcome.end, 2))
            if key not in seen:
                seen.add(key)
                candidates.append(outcome)
                if said is not None and score is None:
                    unread.append(UnusedRow(number, f"score: {clean_text(str(said)[:200], 40)} is no number from 0 to 1"))
                continue
            outcome = "the same times as an earlier row"
        dropped.append(UnusedRow(number, outcome))
    return candidates, dropped, unread


def parse_refinement(
    text: str, *, time_base: TimeBase, length: float, moment: Interval, finish_reason: str | None = None
) -> ClipRefinement | AbsoluteRefinement:
    """Returns the refined boundaries in a model's answer.

    `length` is the clip's duration in clip time or the recording's in absolute time; `moment` holds the present boundaries in the same
    base. Times are read in the declared base and never guessed to be in the other. Raises ModelError `model_truncated` or
    `model_bad_answer`: no object, times that are invalid or out of range, or a stretch that does not overlap the moment.
    """
    extracted = _extracted(text, finish_reason, "one JSON object")
    if extracted.truncated:
        raise _bad("The answer breaks off.")
    found = _found(extracted.value, REFINED)
    row = found.rows[-1] if found is not None and found.rows else None
    if not isinstance(row, dict):
        raise _bad("The answer must be one JSON object with start_time and end_time.")
    times = times_of(row)
    if isinstance(times, str):
        raise _bad(f"{times[0].upper()}{times[1:]}.")
    if times.start < -TOLERANCE_SECONDS or times.end > length + TOLERANCE_SECONDS:
        raise _bad(f"Times must lie between 0 and {length:.2f} seconds (time base: {time_base.value}).")
    times = times.clamped(0.0, length)
    if times.duration <= 0 or times.overlap(moment) <= 0:
        raise _bad(f"The stretch must overlap the moment, {moment.start:.2f} to {moment.end:.2f} (time base: {time_base.value}).")
    title, reason = clean_title(text_of(row, "title")), clean_reason(text_of(row, "reason"))
    kind = ClipRefinement if time_base is TimeBase.CLIP else AbsoluteRefinement
    return kind(times.start, times.end, reason, title or None)


def _bad(message: str) -> ModelError:
    return ModelError(message, code="model_bad_answer")


def _extracted(text: str, finish_reason: str | None, wanted: str) -> Extracted:
    try:
        extracted, unclosed = extract_json(text), False
    except ThinkingUnclosed:
        extracted, unclosed = None, True
    if finish_reason == "length" and (extracted is None or not extracted.intact):
        raise ModelError("The answer was cut off at its length limit. Answer with less text.", code="model_truncated")
    if finish_reason == "content_filter":
        raise ModelError("The model's content filter stopped the answer.", code="model_bad_answer", retryable=False)
    if unclosed:
        raise _bad(f"The answer breaks off in its thinking. Think less, then answer with {wanted}.")
    if extracted is None:
        raise _bad(f"The answer holds no JSON. Answer with {wanted} and nothing else.")
    if extracted.contradicted:
        raise _bad("The answer holds moments and, after them, an empty array. Answer with one array: the one that is meant.")
    return extracted


def _found(value: Any, names: Sequence[str]) -> Rows | None:
    try:
        return find_rows(value, names)
    except Unreadable as error:
        raise _bad(str(error)) from None


def _candidate(row: Any, visible: Interval, score: float | None) -> Candidate | str:
    times = times_of(row)
    if isinstance(times, str):
        return times
    low, high = visible.start - TOLERANCE_SECONDS, visible.end + TOLERANCE_SECONDS
    if times.start < low or times.start >= visible.end:
        return f"start_time {times.start:.2f} lies outside {visible.start:.2f} to {visible.end:.2f}"
    inside = times.clamped(visible.start, visible.end)
    if times.end > high and inside.duration < 0.5 * times.duration:
        return f"end_time {times.end:.2f} lies far beyond {visible.end:.2f}"
    if inside.duration <= 0:
        return "nothing is left of it inside the recording"
    title, reason = clean_title(text_of(row, "title")), clean_reason(text_of(row, "reason"))
    return Candidate(inside.start, inside.end, title, score, reason)
