"""From whatever a model wrote to moments that may be trusted: never a crash, never an invalid row.

JSON is read leniently (prose, fences, thinking tags, small faults), rows are checked strictly. What can't be used is dropped with a
reason; an answer with nothing to use in it raises ModelError (`model_bad_answer`, `model_truncated`), whose message is written for
the model, which is asked again with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.moments.answers import Extracted, extract_json
from videomoments.moments.prompts import TimeBase
from videomoments.moments.timecodes import parse_seconds
from videomoments.moments.titles import clean_reason, clean_title

# Rows beyond these are not read: no honest answer has them, and validation of a flood costs.
MAX_ROWS = 2000
# How far a time may lie outside the stretch a model was shown before it counts as invented.
TOLERANCE_SECONDS = 2.0
_MAX_DROPPED = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed moment in absolute seconds; `score` is 0 to 1."""

    start: float
    end: float
    title: str
    score: float
    reason: str

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)

    def moved(self, interval: Interval) -> Candidate:
        return replace(self, start=interval.start, end=interval.end)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that was not used; `row` counts from 1 as in the answer."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Generation:
    """What one answer held: usable candidates in the answer's order, and the first 50 rows that were not."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class Refinement:
    """New boundaries in seconds, of a clip or of the recording: see the two kinds."""

    start_time: float
    end_time: float
    reason: str
    title: str | None


@dataclass(frozen=True, slots=True)
class ClipRefinement(Refinement):
    """Times count from the clip's first frame."""


@dataclass(frozen=True, slots=True)
class AbsoluteRefinement(Refinement):
    """Times count from the recording's first frame."""


def to_absolute(refinement: ClipRefinement | AbsoluteRefinement, clip_start: float | None) -> Interval:
    """The refined stretch on the recording's timeline; `clip_start` is where the clip's first frame really lies in it.

    Raises ValueError for a clip refinement without a clip start: nothing is guessed.
    """
    times = Interval(refinement.start_time, refinement.end_time)
    if isinstance(refinement, AbsoluteRefinement):
        return times
    if clip_start is None:
        raise ValueError("a refinement in clip time needs the clip's start")
    return times.shifted(clip_start)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    start_time: Annotated[float, BeforeValidator(parse_seconds)]
    end_time: Annotated[float, BeforeValidator(parse_seconds)]
    title: Any = None
    score: Any = None
    reason: Any = None


def parse_generation(text: str, *, duration: float, shown: Interval | None = None, finish_reason: str | None = None) -> Generation:
    """The candidates in a model's answer, clamped to the measured `duration` (seconds) and to what the model was `shown`.

    An empty array is an answer. Raises ModelError `model_truncated` when the answer was cut off for length, `model_bad_answer` when it
    holds no array, or rows of which none can be used.
    """
    extracted = _extracted(text, finish_reason, "a JSON array of moments")
    rows = _rows(extracted.value)
    if extracted.truncated and rows:
        rows = rows[:-1]
    visible = (shown or Interval(0.0, duration)).clamped(0.0, duration)
    scale = _score_scale(rows)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    seen: set[tuple[float, float]] = set()
    for number, row in enumerate(rows[:MAX_ROWS], 1):
        outcome = _candidate(row, visible, scale)
        if isinstance(outcome, Candidate):
            key = (round(outcome.start, 2), round(outcome.end, 2))
            if key not in seen:
                seen.add(key)
                candidates.append(outcome)
                continue
            outcome = "the same times as an earlier row"
        dropped.append(Dropped(number, outcome))
    if len(rows) > MAX_ROWS:
        dropped.append(Dropped(MAX_ROWS + 1, f"only the first {MAX_ROWS} rows are read"))
    if extracted.truncated:
        dropped.append(Dropped(len(rows) + 1, "the answer breaks off here"))
    if not candidates and dropped:
        raise _bad(f"No row could be used; row {dropped[0].row}: {dropped[0].reason}.")
    return Generation(tuple(candidates), tuple(dropped[:_MAX_DROPPED]))


def parse_refinement(
    text: str, *, time_base: TimeBase, length: float, moment: Interval, finish_reason: str | None = None
) -> ClipRefinement | AbsoluteRefinement:
    """The refined boundaries in a model's answer.

    `length` is the clip's duration in clip time, the recording's in absolute time, `moment` the present boundaries in the same base.
    Times are taken in the declared base and never guessed to be in the other. Raises ModelError `model_truncated` or
    `model_bad_answer`: no object, invalid or out of range, or a stretch that has nothing in common with the moment.
    """
    extracted = _extracted(text, finish_reason, "one JSON object")
    if extracted.truncated:
        raise _bad("The answer breaks off.")
    row = _object(extracted.value)
    times = _times(row)
    if isinstance(times, str):
        raise _bad(f"{times[0].upper()}{times[1:]}.")
    if times.start < -TOLERANCE_SECONDS or times.end > length + TOLERANCE_SECONDS:
        raise _bad(f"Times must lie between 0 and {length:.2f} seconds (time base: {time_base.value}).")
    times = times.clamped(0.0, length)
    if times.duration <= 0 or times.overlap(moment) <= 0:
        raise _bad(f"The stretch must overlap the moment, {moment.start:.2f} to {moment.end:.2f} (time base: {time_base.value}).")
    title = clean_title(row["title"]) if isinstance(row.get("title"), str) else ""
    reason = clean_reason(row["reason"]) if isinstance(row.get("reason"), str) else ""
    kind = ClipRefinement if time_base is TimeBase.CLIP else AbsoluteRefinement
    return kind(times.start, times.end, reason, title or None)


def _bad(message: str) -> ModelError:
    return ModelError(message, code="model_bad_answer")


def _extracted(text: str, finish_reason: str | None, wanted: str) -> Extracted:
    extracted = extract_json(text)
    if finish_reason == "length" and (extracted is None or not extracted.intact):
        raise ModelError("The answer was cut off at its length limit. Answer with less text.", code="model_truncated")
    if finish_reason == "content_filter":
        raise ModelError("The model's content filter stopped the answer.", code="model_bad_answer", retryable=False)
    if extracted is None:
        raise _bad(f"The answer holds no JSON. Answer with {wanted} and nothing else.")
    return extracted


def _rows(value: Any) -> list[Any]:
    """The array itself, an object's one array of objects, or a single moment on its own."""
    if isinstance(value, list):
        # [[{...}]]: one list too many.
        return value[0] if len(value) == 1 and isinstance(value[0], list) else value
    if isinstance(value, dict):
        if "start_time" in value:
            return [value]
        lists = [item for item in value.values() if isinstance(item, list)]
        if len(lists) == 1:
            return lists[0]
        inner = [item for item in value.values() if isinstance(item, dict)]
        if not lists and len(inner) == 1 and len(value) == 1:
            return _rows(inner[0])
    raise _bad("The answer must be a JSON array of moments.")


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, list) and value:
        value = value[-1]
    if isinstance(value, dict) and "start_time" not in value:
        inner = [item for item in value.values() if isinstance(item, dict) and "start_time" in item]
        value = inner[0] if len(inner) == 1 else value
    if not isinstance(value, dict):
        raise _bad("The answer must be one JSON object with start_time and end_time.")
    return value


def _times(row: Any) -> Interval | str:
    """The times of a row, or what is wrong with them."""
    if not isinstance(row, dict):
        return "not an object"
    try:
        checked = _Row.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "row"
        return f"{field}: {'missing' if first['type'] == 'missing' else 'not a number of seconds'}"
    if checked.end_time <= checked.start_time:
        return "end_time is not after start_time"
    return Interval(checked.start_time, checked.end_time)


def _candidate(row: Any, visible: Interval, scale: float) -> Candidate | str:
    times = _times(row)
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
    title = clean_title(row["title"]) if isinstance(row.get("title"), str) else ""
    reason = clean_reason(row["reason"]) if isinstance(row.get("reason"), str) else ""
    return Candidate(inside.start, inside.end, title, _score(row.get("score"), scale), reason)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _score_scale(rows: Sequence[Any]) -> float:
    """1, 10 or 100: models asked for 0 to 1 still grade out of ten or in percent, but all rows of an answer alike."""
    scores = [number for row in rows[:MAX_ROWS] if isinstance(row, dict) and (number := _number(row.get("score"))) is not None]
    top = max(scores, default=0.0)
    return 1.0 if top <= 1 else 10.0 if top <= 10 else 100.0


def _score(value: Any, scale: float) -> float:
    number = _number(value)
    # The overview's own answer has no score: every such moment counts alike.
    return 0.5 if number is None else min(1.0, max(0.0, number / scale))
