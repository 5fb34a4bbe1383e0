"""Reads scores as models write them. A score with one meaning is read; one without ("high") counts as absent, never as a middling
number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from videomoments.moments.timecodes import number_of

_OF = re.compile(r"([\d.,]{1,12})\s*(?:/|out\s+of|of)\s*([\d.,]{1,12})", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"([\d.,]{1,12})\s*(?:%|percent|per\s+cent)", re.ASCII | re.IGNORECASE)


def read_scores(values: Sequence[Any]) -> list[float | None]:
    """Returns the scores of an answer's rows, 0 to 1, with None for a row that has none that can be read.

    `9/10` and `90%` name their scale. All plain numbers of one answer have the same scale: 1, 10 or 100, by the highest of them.
    """
    plain = [None if said_scale(value) is not None else _plain(value) for value in values]
    top = max((number for number in plain if number is not None), default=0.0)
    scale = 1.0 if top <= 1 else 10.0 if top <= 10 else 100.0
    return [
        said if (said := said_scale(value)) is not None else None if number is None else min(1.0, max(0.0, number / scale))
        for value, number in zip(values, plain, strict=True)
    ]


def said_scale(value: Any) -> float | None:
    """Returns the score of a text that names its own scale, 0 to 1, or None for any other value."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        if match := _OF.fullmatch(text):
            number, whole = number_of(match[1]), number_of(match[2])
        elif match := _PERCENT.fullmatch(text):
            number, whole = number_of(match[1]), 100.0
        else:
            return None
    except ValueError:
        return None
    return number / whole if 0 <= number <= whole and whole > 0 else None


def _plain(value: Any) -> float | None:
    """Returns a number up to 100 (negative ones count as 0 later), or None: beyond 100 its scale is not known."""
    if isinstance(value, str) and len(value) <= 20:
        try:
            value = number_of(value.strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number <= 100 else None
