"""Finds the JSON in what a model wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import json_repair

# A repair costs time that grows with the text, and no honest answer is longer.
MAX_CHARACTERS = 2_000_000
_MAX_REPAIR = 200_000
_MAX_DEPTH = 40
_THOUGHT_ENDS = ("</think>", "</thinking>", "</thought>", "</reasoning>")
_MAX_STARTS = 16
_CLOSERS = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Extracted:
    """`intact`: it was valid JSON as written. `truncated`: the brackets never close, so that the last element may be half of one."""

    value: Any
    intact: bool
    truncated: bool


def extract_json(text: str) -> Extracted | None:
    """The answer's JSON array or object, or None when there is none.

    Thinking, prose and fences around it are ignored. Of several intact values the last that looks like an answer counts (a model may
    quote the format before it answers); several objects without an array around them make a list. Else the first that repair can
    read. NaN and Infinity are read as numbers, for the caller to refuse.
    """
    answer = _without_thinking(text[:MAX_CHARACTERS].lstrip("\ufeff"))
    if answer.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml", "<head")):
        return None
    # A stray bracket in the prose can hide what a fence holds.
    pieces = [answer, *answer.split("```")[1::2][:_MAX_STARTS]]
    readings = [_values(piece) for piece in pieces]
    for intact, _ in readings:
        chosen = _chosen(intact)
        if chosen is not None:
            return Extracted(chosen, intact=True, truncated=False)
    for _, damaged in readings:
        if damaged is not None:
            return damaged
    others = [value for intact, _ in readings for value in intact]
    return Extracted(others[-1], intact=True, truncated=False) if others else None


def _without_thinking(text: str) -> str:
    # Some templates swallow the opening tag, so the closing one decides.
    for tag in _THOUGHT_ENDS:
        text = text.rpartition(tag)[2]
    return text


def _chosen(values: list[Any]) -> Any:
    telling = [value for value in values if _tells(value)]
    answers = [value for value in telling if _has_times(value)]
    if len(answers) > 1 and all(isinstance(value, dict) and "start_time" in value for value in answers):
        return answers
    return next(reversed(answers or telling), None)


def _tells(value: Any) -> bool:
    """Whether it can be an answer: an object, or a list with an object in it (deeper too), or the empty list."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and (not value or any(_tells(item) for item in value[:100]))


def _has_times(value: Any) -> bool:
    if isinstance(value, dict):
        return "start_time" in value or any(_has_times(item) for item in value.values())
    return isinstance(value, list) and any(_has_times(item) for item in value[:100])


def _values(text: str) -> tuple[list[Any], Extracted | None]:
    """All top-level values that are valid as written, and the repaired reading of the first that is not but tells something."""
    intact: list[Any] = []
    damaged: Extracted | None = None
    position = tries = 0
    while tries < _MAX_STARTS and (start := _next_bracket(text, position)) is not None:
        end = _closing(text, start)
        value = None if end is None else _strict(text[start:end])
        if value is not None:
            intact.append(value)
        else:
            tries += 1
            if damaged is None and _tells(repaired := _repaired(text[start:end])):
                damaged = Extracted(repaired, intact=False, truncated=end is None)
        if end is None and damaged is not None:
            break
        position = start + 1 if end is None else end
    return intact, damaged


def _next_bracket(text: str, position: int) -> int | None:
    found = [index for index in (text.find("[", position), text.find("{", position)) if index >= 0]
    return min(found, default=None)


def _closing(text: str, start: int) -> int | None:
    """The index after the bracket that closes the one at `start`, strings respected; None when it never closes or nests absurdly."""
    stack: list[str] = []
    open_brackets = {"]": 0, "}": 0}
    quoted = escaped = False
    for index in range(start, len(text)):
        character = text[index]
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            stack.append(_CLOSERS[character])
            open_brackets[_CLOSERS[character]] += 1
        elif character in "]}" and open_brackets[character]:
            # One that closes nothing is passed over; one that closes an outer bracket closes the inner ones too.
            while (popped := stack.pop()) != character:
                open_brackets[popped] -= 1
            open_brackets[character] -= 1
            if not stack:
                return index + 1
    return None


def _strict(piece: str) -> Any:
    try:
        return json.loads(piece)
    except (ValueError, RecursionError):
        return None


def _repaired(piece: str) -> Any:
    if _depth(piece) > _MAX_DEPTH:
        return None
    try:
        value = json_repair.loads(piece[:_MAX_REPAIR], skip_json_loads=True)
    except Exception:  # a parser of broken input may fail in any way; broken input is what it gets
        return None
    return value if isinstance(value, list | dict) else None


def _depth(piece: str) -> int:
    depth = deepest = 0
    for character in piece:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth = max(0, depth - 1)
    return deepest
