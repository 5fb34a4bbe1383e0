"""Reads times as models write them, by one table of forms. What has two meanings ("1,250") is not read as a time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

_FLAGS = re.ASCII | re.IGNORECASE
_UNIT_WORDS = {
    0.001: ("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"),
    1.0: ("s", "sec", "secs", "second", "seconds"),
    60.0: ("m", "min", "mins", "minute", "minutes"),
    3600.0: ("h", "hr", "hrs", "hour", "hours"),
}
UNITS = {word: factor for factor, words in _UNIT_WORDS.items() for word in words}
"""Seconds in one of each unit, by the words for it."""
_NUMBER = r"\d{1,12}(?:[.,]\d{1,12})?"
_HOURS, _MINUTES, _SECONDS, _MILLIS = ("|".join(_UNIT_WORDS[factor]) for factor in (3600.0, 60.0, 1.0, 0.001))
_SPLIT = re.compile(r"\s*(?:-->|->|→|–|—|~|\bto\b|\buntil\b|\.\.+|…|-)\s*", re.IGNORECASE)
_WIDE = str.maketrans("０１２３４５６７８９：．，", "0123456789:.,")
_WRAPPED = (("[", "]"), ("(", ")"), ("<", ">"), ('"', '"'), ("'", "'"), ("`", "`"))


def _plain(match: re.Match[str], unit: float) -> float:
    return number_of(match[1]) * unit


def _named(match: re.Match[str], _: float) -> float:
    return number_of(match[1]) * UNITS[match[2].lower()]


def _clock(match: re.Match[str], _: float) -> float:
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), float(match[3].replace(",", "."))
    if seconds >= 60 or (match[1] is not None and minutes >= 60):
        raise ValueError("not a clock time")
    return hours * 3600 + minutes * 60 + seconds


def _frames(match: re.Match[str], _: float) -> float:
    # The frame rate is not known: the frames are left out, and snapping refines the whole second.
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3])
    if minutes >= 60 or seconds >= 60:
        raise ValueError("not a time code")
    return float(hours * 3600 + minutes * 60 + seconds)


def _parts(match: re.Match[str], _: float) -> float:
    parts = [None if part is None else number_of(part) for part in match.groups()]
    if all(part is None for part in parts):
        raise ValueError("not a time")
    return sum((part or 0.0) * factor for part, factor in zip(parts, (3600.0, 60.0, 1.0, 0.001), strict=False))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], float], float]], ...] = (
    # 90, 90.5, 10,5, .5: in the unit that was declared, else seconds
    (re.compile(r"([+-]?(?:\d{1,12}(?:[.,]\d{1,12})*|[.,]\d{1,12}))\.?", _FLAGS), _plain),
    # 90.5 s, 90 sec., 1.5 minutes, 10000 ms
    (
        re.compile(rf"([+-]?(?:\d{{1,12}}(?:[.,]\d{{1,12}})*|[.,]\d{{1,12}}))\s*({_MILLIS}|{_SECONDS}|{_MINUTES}|{_HOURS})\.?", _FLAGS),
        _named,
    ),
    # 1:30, 00:01:30.5, 00:01:30,500
    (re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,9})?)", _FLAGS), _clock),
    # 00:00:10:12, 00:00:10;12
    (re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})[:;]\d{1,3}", _FLAGS), _frames),
    # 1h 2m 3.5s 20ms, 1 hour, 2 minutes and 3 seconds
    (
        re.compile(
            rf"(?:({_NUMBER})\s*(?:{_HOURS})\b[.,]?\s*)?(?:(?:and\s+)?({_NUMBER})\s*(?:{_MINUTES})\b[.,]?\s*)?"
            rf"(?:(?:and\s+)?({_NUMBER})\s*(?:{_SECONDS})\b[.,]?\s*)?(?:(?:and\s+)?({_NUMBER})\s*(?:{_MILLIS})\b\.?)?",
            _FLAGS,
        ),
        _parts,
    ),
    (re.compile(rf"(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s)?", _FLAGS), _parts),
    # ISO 8601: PT1H2M3.5S
    (re.compile(rf"PT(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?", _FLAGS), _parts),
    # 1'30", 1′30″
    (re.compile(rf"(?:({_NUMBER})°)?({_NUMBER})['′](?:({_NUMBER})(?:\"|″|''))?", _FLAGS), _parts),
)


def parse_seconds(value: Any, unit: float = 1.0) -> float:
    """Returns the seconds that a number, or a text in any of the forms above, stands for. Brackets and quotes around it are ignored.

    A number without a unit counts in `unit` seconds. The frames of `00:00:10:12` are left out, because their rate is not known. Raises
    ValueError for anything else, for what can be read in two ways (`1,250`), and for what is not finite.
    """
    if isinstance(value, bool):
        # Only a ValueError becomes a validation error of pydantic.
        raise ValueError("a truth value is no time")  # noqa: TRY004
    if isinstance(value, int | float):
        return _finite(value, unit)
    if isinstance(value, str) and len(value) <= 60:
        text = _bare(value)
        for pattern, read in _FORMS:
            if text and (match := pattern.fullmatch(text)):
                return _finite(read(match, unit))
    raise ValueError("not a time")


def parse_range(value: Any, unit: float = 1.0) -> tuple[float, float]:
    """Returns (start, end) in seconds from `00:10 - 00:45`, `10 to 45 s`, `[10, 45]`. Raises ValueError."""
    if isinstance(value, list | tuple) and len(value) == 2:
        return parse_seconds(value[0], unit), parse_seconds(value[1], unit)
    if isinstance(value, str) and len(value) <= 120:
        parts = _SPLIT.split(_bare(value))
        if len(parts) == 2 and all(parts):
            first, second = (_bare(part) for part in parts)
            if first[-1:].isdigit() and ":" not in first and not (second[-1:].isdigit() or _in_seconds(second)):
                # "1-2 min": the unit of the first is not given.
                raise ValueError("not a range of times")
            return parse_seconds(first, unit), parse_seconds(second, 1.0 if _in_seconds(second) else unit)
    raise ValueError("not a range of times")


def _in_seconds(text: str) -> bool:
    return re.fullmatch(rf"[\d.,]+\s*(?:{_SECONDS})\.?", text, _FLAGS) is not None


def _bare(text: str) -> str:
    text = text.translate(_WIDE).strip()
    for opening, closing in _WRAPPED:
        if len(text) > 2 and text.startswith(opening) and text.endswith(closing):
            text = text[1:-1].strip()
    return text


def number_of(text: str) -> float:
    """Returns the number in `text`, written with a point or a comma. Raises ValueError where it may be a fraction or thousands
    (`1,250`)."""
    sign, digits = (-1.0 if text.startswith("-") else 1.0), text.lstrip("+-")
    for thousands, point in ((",", "."), (".", ",")):
        # With both marks it is clear which one marks thousands, and so it is with one that comes twice.
        if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+{re.escape(point)}\d{{1,12}}", digits, re.ASCII):
            return sign * float(digits.replace(thousands, "").replace(point, "."))
        if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}}){{2,}}", digits, re.ASCII):
            return sign * float(digits.replace(thousands, ""))
    if re.fullmatch(r"\d*\.?\d+|\d+\.", digits, re.ASCII):
        return sign * float(digits)
    if re.fullmatch(r"\d*,\d+", digits, re.ASCII) and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits, re.ASCII):
        return sign * float(digits.replace(",", "."))
    raise ValueError("not a number")


def _finite(value: float, unit: float = 1.0) -> float:
    try:
        number = float(value) * unit
    except OverflowError:
        raise ValueError("not a time") from None
    if not math.isfinite(number) or abs(number) > 1e8:
        raise ValueError("not a time")
    return number
