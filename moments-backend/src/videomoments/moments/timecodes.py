"""Times as models write them."""

from __future__ import annotations

import math
import re
from typing import Any

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_PLAIN = re.compile(r"([+-]?\d{1,9}(?:\.\d{1,12})?|[+-]?\.\d{1,12})\s*(?:s|sec|secs|second|seconds)?\.?", re.ASCII | re.IGNORECASE)
_UNITS = re.compile(r"(?:(\d{1,3})\s*h)?\s*(?:(\d{1,4})\s*m(?:in)?)?\s*(?:(\d{1,5}(?:\.\d{1,9})?)\s*s(?:ec)?)?", re.ASCII | re.IGNORECASE)


def parse_seconds(value: Any) -> float:
    """Seconds from a number or from text such as `90.5`, `90.5 s`, `1:30`, `00:01:30.5`, `00:01:30,500`, `1m30s`.

    Raises ValueError for anything else, and for what is not finite.
    """
    if isinstance(value, bool):
        # ValueError, for it alone becomes a validation error of pydantic's.
        raise ValueError("a truth value is no time")  # noqa: TRY004
    if isinstance(value, int | float):
        return _finite(value)
    if isinstance(value, str) and len(value) <= 40:
        text = value.strip()
        if match := _PLAIN.fullmatch(text):
            return _finite(float(match[1]))
        if match := _CLOCK.fullmatch(text):
            return _clock(match)
        if (match := _UNITS.fullmatch(text)) and any(match.groups()):
            hours, minutes, seconds = (float(part or 0) for part in match.groups())
            return hours * 3600 + minutes * 60 + seconds
    raise ValueError("not a time")


def _clock(match: re.Match[str]) -> float:
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), float(match[3].replace(",", "."))
    if seconds >= 60 or (match[1] is not None and minutes >= 60):
        raise ValueError("not a clock time")
    return hours * 3600 + minutes * 60 + seconds


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("not a time") from None
    if not math.isfinite(number) or abs(number) > 1e8:
        raise ValueError("not a time")
    return number
