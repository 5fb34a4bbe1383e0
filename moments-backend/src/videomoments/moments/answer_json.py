"""Finds the JSON in a model's answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import json_repair

from videomoments.moments.rows import holds_rows, is_row
from videomoments.moments.thinking import QUOTED_JSON, without_thinking

# The time of a repair grows with the text, and no real answer is longer.
MAX_CHARACTERS = 2_000_000
_MAX_REPAIR = 200_000
_MAX_DEPTH = 40
_MAX_BETWEEN = 200
_MAX_STARTS = 16
_CLOSERS = {"{": "}", "[": "]"}
# What may stand between objects of one list: JSON lines, bullets, numbers, "Moment 2:". Any other word begins another answer.
_BETWEEN = re.compile(r"[\s,;]*(?:[-*•#>]+\s*)?(?:\**(?:[^\W\d_]{1,12}\s+)?#?\d{1,3}\**\s*[.):]?\**\s*)?")
_BEGUN = re.compile(r"[\[{]\s*(?:[\"'\[{]|\Z)")
_PART = re.compile(r"(?:[\"'”]\s*:|[,\[{])\s*\Z")
_CONTRADICTS = re.compile(r"[\s`.]*")


@dataclass(frozen=True, slots=True)
class Extracted:
    """The JSON of an answer. `intact`: it was valid as written. `truncated`: the brackets never close, so the last element may be
    incomplete.

    `contradicted`: the answer has moments, and an empty array after them.
    """

    value: Any
    intact: bool
    truncated: bool
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    """A JSON value in the text. `joins`: only space, bullets or numbers stand between it and the value before it."""

    value: Any
    intact: bool
    truncated: bool
    joins: bool


def extract_json(text: str) -> Extracted | None:
    """Returns the answer's JSON array or object, or None when there is none.

    An answer that is JSON is taken as it is. Otherwise thinking, prose and fences around the JSON are ignored. Of several values the last
    one that looks like an answer counts: a model may quote the format, or a draft, before it answers. Objects in a row, with nothing but
    space, bullets or numbers between them, make a list. Invalid JSON is repaired where that is possible. NaN and Infinity are read as
    numbers, for the caller to refuse. Raises ThinkingUnclosed when the answer breaks off in its thinking.
    """
    text = text[:MAX_CHARACTERS].lstrip("\ufeff")
    whole = _strict(text)
    if isinstance(whole, dict | list):
        return Extracted(whole, intact=True, truncated=False)
    if isinstance(whole, str):
        # The answer is JSON within a JSON string.
        text = whole
    answer = without_thinking(text)
    if answer.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml", "<head")):
        return None
    *_, literal = (None, *QUOTED_JSON.finditer(answer))
    if literal is not None and _next_bracket(answer, literal.end()) is None and holds_rows(quoted := _strict(literal[0])):
        return Extracted(quoted, intact=True, truncated=False)
    values = _values(answer)
    chosen = _chosen(values, answer)
    # A stray bracket or quote in the prose can hide what a fence holds.
    if chosen is None or not (chosen.intact or any(value.intact and holds_rows(value.value) for value in values)):
        for fenced in reversed(answer.split("```")[1::2][-_MAX_STARTS:]):
            inner = _chosen(_values(fenced), fenced)
            if inner is not None and (chosen is None or (inner.intact and holds_rows(inner.value))):
                return inner
    if chosen is not None:
        return chosen
    others = [value.value for value in values if value.intact]
    return Extracted(others[-1], intact=True, truncated=False) if others else None


def _chosen(values: list[_Value], text: str) -> Extracted | None:
    telling = [value for value in values if _tells(value.value)]
    answers = [value for value in telling if holds_rows(value.value)]
    if not answers:
        best = next((value for value in reversed(telling) if value.intact), next(iter(telling), None))
        return None if best is None else Extracted(best.value, best.intact, best.truncated)
    if values[-1].truncated and values[-1] is not answers[-1]:
        # Values before the answer that breaks off are drafts.
        return Extracted(values[-1].value, intact=False, truncated=True)
    # "Nothing fits: []" after a draft: only the model knows which of the two it means.
    if telling[-1].value == [] and telling[-1].intact and _CONTRADICTS.fullmatch(text.rpartition("]")[2]):
        return Extracted([], intact=True, truncated=False, contradicted=True)
    last = [answers[-1]]
    for earlier in reversed(answers[:-1]):
        if not (is_row(earlier.value) and is_row(last[0].value) and last[0].joins):
            break
        last.insert(0, earlier)
    value = [one.value for one in last] if len(last) > 1 else last[0].value
    return Extracted(value, intact=all(one.intact for one in last), truncated=last[-1].truncated)


def _tells(value: Any, depth: int = 0) -> bool:
    """Returns whether a value can be an answer: an object, a list with an object at some depth, or the empty list."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and depth < _MAX_DEPTH and (not value or any(_tells(item, depth + 1) for item in value[:100]))


def _values(text: str) -> list[_Value]:
    """Returns the top-level values in order: those that are valid as written, and repaired readings of the others that can be an answer.

    A bracket that never closes may belong to prose or to an unfinished draft, so lists inside it are read too.
    """
    found: list[_Value] = []
    position = tries = previous = 0
    within = False
    while tries < _MAX_STARTS and (start := _next_bracket(text, position)) is not None:
        end = _closing(text, start)
        value = None if end is None else _strict(text[start:end])
        intact = value is not None
        if not intact:
            tries += 1
            value = _repaired(text[start:end])
        begun = end is None and _BEGUN.match(text, start) is not None
        counts = (intact or begun or _tells(value)) and (
            not within or (isinstance(value, list) and holds_rows(value) and _alone(text, start))
        )
        if counts:
            joins = start - previous <= _MAX_BETWEEN and _BETWEEN.fullmatch(text[previous:start]) is not None
            found.append(_Value(value, intact, truncated=end is None, joins=joins))
            previous = start if end is None else end
        within = within or (end is None and counts)
        position = start + 1 if end is None else end
    return found


def _alone(text: str, start: int) -> bool:
    """Returns whether prose stands before the bracket, and not JSON of which it would be a part."""
    return _PART.search(text, max(0, start - 60), start) is None


def _next_bracket(text: str, position: int) -> int | None:
    found = [index for index in (text.find("[", position), text.find("{", position)) if index >= 0]
    return min(found, default=None)


def _closing(text: str, start: int) -> int | None:
    """Returns the index after the bracket that closes the one at `start`, or None when it never closes. Brackets in strings are skipped."""
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
            # A bracket that closes nothing is ignored; one that closes an outer bracket closes the inner ones too.
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
