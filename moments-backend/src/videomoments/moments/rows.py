"""Finds the moments in an answer's JSON, and assigns the keys of a row by one table of the names that models use.

Nothing is guessed: what has two readings is not read, and reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from videomoments.core.times import Interval
from videomoments.moments.timecodes import UNITS, parse_range, parse_seconds

Json = dict[str, Any]
_MAX_DEPTH = 8
# The names in order of preference: the first is what was asked for.
_START = (
    *("start_time", "start", "start_timestamp", "start_timecode", "start_at", "start_offset", "start_point", "starts", "starts_at"),
    *("begin", "begin_time", "begin_at", "begins", "begins_at", "beginning", "time_start", "time_begin", "timestamp_start", "t_start"),
    *("from", "from_time", "time_from", "in", "in_point", "in_time", "clip_start", "moment_start"),
)
_END = (
    *("end_time", "end", "end_timestamp", "end_timecode", "end_at", "end_offset", "end_point", "ends", "ends_at"),
    *("stop", "stop_time", "stop_at", "finish", "finish_time", "ending", "time_end", "time_stop", "timestamp_end", "t_end"),
    *("to", "to_time", "time_to", "until", "out", "out_point", "out_time", "clip_end", "moment_end"),
)
_DURATION = ("duration", "length", "clip_duration")
_RANGE = (
    *("timestamp", "timestamps", "time", "times", "time_range", "timestamp_range", "range", "interval", "span", "timecode", "timecodes"),
    *("timing", "segment", "boundaries", "time_stamp", "time_span", "time_interval"),
)
_UNIT = ("unit", "units", "time_unit", "time_units")
_TITLE = ("title", "name", "headline", "heading", "label", "caption")
_REASON = ("reason", "why", "rationale", "explanation", "justification", "reasoning", "description", "summary")
_SCORE = ("score", "rating", "relevance", "relevance_score", "importance", "quality", "confidence")
MOMENTS = (
    *("moments", "answer", "final_answer", "final", "highlights", "clips", "key_moments", "selected", "selected_moments", "best_moments"),
    *("segments", "results", "result", "items", "output", "response", "data", "moment"),
)
"""Names under which moments stand; the first in this order counts."""
REFINED = (
    *("refined", "refined_moment", "refinement", "revised", "adjusted", "updated", "corrected", "new", "final", "final_answer", "answer"),
    *("result", "output", "response", "data", "moment", "boundaries", "clip"),
)
"""The same for the boundaries of one moment."""
_NO_ANSWER = frozenset(
    (
        *("rejected", "discarded", "excluded", "skipped", "dropped", "omitted", "ignored", "unused", "considered", "alternatives"),
        *("draft", "drafts", "example", "examples", "original", "present", "current", "previous", "before", "old", "format", "schema"),
        *("candidates_rejected", "rejected_moments", "notes", "thinking", "thoughts", "analysis", "input", "lines", "words", "chapters"),
    )
)
_NUMBERED = re.compile(r"\D{0,30}?[\s_#-]*\d{1,4}\D{0,2}")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an answer, in its order and unchecked. `unread` names other parts of the answer that look like rows."""

    rows: list[Any]
    unread: tuple[str, ...] = ()


class Unreadable(ValueError):
    """Raised for an answer that can't be read. The message says why, for the model."""


def is_row(value: Any) -> bool:
    """Returns whether an object is meant as a moment: it names a start, and an end, a duration or a range of times."""
    if not isinstance(value, dict) or len(value) > 100:
        return False
    fields = _Fields(value)
    if fields.has("start_time"):
        return True
    if any(True for _ in fields.of(_START)):
        return any(True for _ in fields.of((*_END, *_DURATION)))
    if fields.range() is not None:
        return True
    # A row whose range can't be read still counts as a row and is reported: otherwise an earlier draft would be taken for the answer.
    return any(_flat(item) for _, item, _ in fields.of(_RANGE)) and any(True for _ in fields.of(_TITLE))


def _flat(value: Any) -> bool:
    """Returns whether a value holds no object or list, so that no row can be in it."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not any(isinstance(part, dict | list) for part in parts)


def holds_rows(value: Any, depth: int = 0) -> bool:
    """Returns whether a value holds a moment, at any depth."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, str):
        value = _embedded(value)
    if isinstance(value, dict):
        return is_row(value) or any(holds_rows(item, depth + 1) for item in value.values()) or _edges(value) is not None
    return isinstance(value, list) and any(holds_rows(item, depth + 1) for item in value[:200])


def find_rows(value: Any, names: Sequence[str] = MOMENTS, depth: int = 0) -> Rows | None:
    """Returns the rows in an answer: an array, an array beside other values, one in an object, numbered keys, columns, JSON within a
    string.

    Returns None when there are none. Raises Unreadable when several parts could be meant.
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, str):
        value = _embedded(value)
    if isinstance(value, list):
        return _of_list(value, names, depth)
    if not isinstance(value, dict):
        return None
    if (columns := _columns(value)) is not None:
        return Rows(columns)
    if is_row(value):
        return Rows([value])
    return _of_object(value, names, depth)


def _of_list(items: list[Any], names: Sequence[str], depth: int) -> Rows:
    rows: list[Any] = []
    unread: list[str] = []
    for item in items:
        inner = None if is_row(item) or not holds_rows(item) else find_rows(item, names, depth + 1)
        if inner is None:
            rows.append(item)
        else:
            rows += inner.rows
            unread += inner.unread
    return Rows(rows, tuple(unread))


def _of_object(value: Json, names: Sequence[str], depth: int) -> Rows | None:
    known = {key: _name(key)[0] for key in value}
    holders = [key for key, item in value.items() if known[key] not in _NO_ANSWER and holds_rows(item)]
    ranked = [key for name in names for key in value if known[key] == name]
    chosen = next((key for key in ranked if key in holders), None)
    if chosen is None and len(holders) > 1 and all(_NUMBERED.fullmatch(key) for key in holders):
        return Rows([row for key in holders for row in _under(value, key, names, depth).rows])
    if chosen is None and not any(isinstance(value[key], list) for key in ranked):
        if len(holders) > 1:
            raise Unreadable(f"Several parts of the answer hold moments: {', '.join(key[:30] for key in holders[:4])}.")
        chosen = next(iter(holders), None)
    if chosen is not None:
        beside = tuple(f'"{key[:40]}" beside "{chosen[:40]}" is not read' for key in holders if key != chosen)
        found = _under(value, chosen, names, depth)
        return Rows(found.rows, (*found.unread, *beside))
    lists = [item for key, item in value.items() if isinstance(item, list) and known[key] not in _NO_ANSWER]
    named = [value[key] for key in ranked if isinstance(value[key], list)]
    if named or len(lists) == 1:
        return Rows(list((named or lists)[0]))
    inner = [item for item in value.values() if isinstance(item, dict)]
    return find_rows(inner[0], names, depth + 1) if len(inner) == 1 and len(value) == 1 else None


def _under(value: Json, key: str, names: Sequence[str], depth: int) -> Rows:
    """Returns the rows under a key. A single row takes over the values beside it (its title); several take over the unit of times."""
    found = find_rows(value[key], names, depth + 1) or Rows([])
    beside = {name: item for name, item in value.items() if name not in (key, "name") and not isinstance(item, list | dict)}
    if not (len(found.rows) == 1 and isinstance(value[key], dict)):
        beside = {name: item for name, item in beside.items() if _name(name)[0] in _UNIT}
    return Rows([beside | row if isinstance(row, dict) else row for row in found.rows] if beside else found.rows, found.unread)


def _edges(value: Json) -> tuple[list[Any], list[Any]] | None:
    fields = _Fields(value)
    starts = next((item for _, item, _ in fields.of(_START)), None)
    ends = next((item for _, item, _ in fields.of((*_END, *_DURATION))), None)
    return (starts, ends) if isinstance(starts, list) and isinstance(ends, list) else None


def _columns(value: Json) -> list[Any] | None:
    """Returns the rows of an object of equally long arrays, or None for another object. A column of another length is left out."""
    edges = _edges(value)
    if edges is None:
        return None
    count = len(edges[0])
    if count != len(edges[1]):
        raise Unreadable(f"The answer has {count} start times and {len(edges[1])} end times.")
    columns = {key: item for key, item in value.items() if not isinstance(item, list) or len(item) == count}
    return [{key: item[n] if isinstance(item, list) else item for key, item in columns.items()} for n in range(count)]


def _embedded(text: str) -> Any:
    text = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if text[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def times_of(row: Any) -> Interval | str:
    """Returns the times of a row in seconds, or a text that says what is wrong with them."""
    if not isinstance(row, dict):
        return "not an object"
    fields = _Fields(row)
    try:
        start, end = fields.times()
    except Unreadable as error:
        return str(error)
    if end <= start:
        return "end_time is not after start_time"
    return Interval(start, end)


def text_of(row: Json, field: str) -> str:
    """Returns the row's title or reason, or an empty text when it has none."""
    names = _TITLE if field == "title" else _REASON
    return next((item for _, item, _ in _Fields(row).of(names) if isinstance(item, str) and item.strip()), "")


def score_of(row: Any) -> Any:
    """Returns the row's score as it was written, or None when it has none."""
    return next((item for _, item, _ in _Fields(row).of(_SCORE) if item is not None), None) if isinstance(row, dict) else None


class _Fields:
    """Reads a row by the names of the table. A unit in a key (`start_ms`) takes precedence over a unit that the row declares."""

    def __init__(self, row: Json) -> None:
        self._by_name: dict[str, list[tuple[str, Any, float | None]]] = {}
        for key, item in row.items():
            if isinstance(key, str) and len(key) <= 60:
                for name, unit in _names(key):
                    self._by_name.setdefault(name, []).append((key, item, unit))
        declared = next((item for _, item, _ in self.of(_UNIT) if isinstance(item, str)), "")
        self._unit = UNITS.get(declared.strip().lower(), 1.0)

    def has(self, name: str) -> bool:
        return name in self._by_name

    def of(self, names: Sequence[str]) -> Iterator[tuple[str, Any, float | None]]:
        for name in names:
            yield from self._by_name.get(name, ())

    def times(self) -> tuple[float, float]:
        """Returns (start, end) in seconds. Raises Unreadable."""
        span = self.range()
        start = self._one(_START, "start_time")
        end = self._one(_END, "end_time")
        if start is None and end is None and span is not None:
            return span
        if start is None:
            start = self._one(_RANGE, "start_time")
        if start is None:
            raise Unreadable("start_time: missing")
        if end is None:
            length = self._one(_DURATION, "duration")
            if length is None:
                raise Unreadable("end_time: missing")
            end = start + length
        return start, end

    def range(self) -> tuple[float, float] | None:
        for _, item, unit in self.of(_RANGE):
            if isinstance(item, dict) and not any(isinstance(part, dict) for part in item.values()):
                try:
                    return _Fields({"unit": _word(self._unit if unit is None else unit)} | item).times()
                except Unreadable:
                    continue
            try:
                return parse_range(item, self._unit if unit is None else unit)
            except ValueError:
                continue
        return None

    def _one(self, names: Sequence[str], wanted: str) -> float | None:
        """Returns the time, in seconds, that the row gives under `names`, or None where it gives none. Raises Unreadable."""
        given = [entry for entry in self.of(names) if entry[1] is not None]
        exact = [entry for entry in given if entry[0] == wanted]
        if not given:
            if any(True for _ in self.of(names)):
                raise Unreadable(f"{wanted}: not a number of seconds")
            return None
        try:
            seconds = [parse_seconds(item, self._unit if unit is None else unit) for _, item, unit in exact or given]
        except ValueError:
            raise Unreadable(f"{wanted}: not a number of seconds") from None
        if max(seconds) - min(seconds) > 1.0:
            raise Unreadable(f"{wanted}: {' and '.join(key[:30] for key, _, _ in given[:3])} disagree")
        return seconds[0]


def _word(unit: float) -> str:
    return next(word for word, factor in UNITS.items() if factor == unit)


def _names(key: str) -> Iterator[tuple[str, float | None]]:
    """Yields the key in the table's spelling, then without the unit in which it may end: `startTimeMs` is start_time in ms."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip())
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    name = {"starttime": "start_time", "endtime": "end_time"}.get(name, name)
    yield name, None
    stem, _, last = name.rpartition("_")
    if stem and last in UNITS:
        yield stem.removesuffix("_in"), UNITS[last]


def _name(key: str) -> tuple[str, float | None]:
    return next(_names(key))
