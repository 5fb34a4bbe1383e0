"""Describes speakers' turns, where the transcript has them: topics often begin where a speaker or a paragraph begins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_TURN = ("begins", "words", "words_before", "words_before_that", "words_after", "relative", "into", "usual", "mean", "asks", "asks_before")
_SPEAKER = ("share", "asks", "first", "since", "count", "changes")
_LONG_AGO = 3000.0
"""Words; for a speaker not heard before, or not for that long."""


def turn_features(lines: Sequence[LineBlock], words: Floats, asks: Floats) -> dict[str, Floats]:
    """Returns by name a value per line. All are NaN where no line has a turn, and those of speakers where none is named."""
    count = len(lines)
    if count == 0 or all(line.turn is None for line in lines):
        return {name: np.full(count, np.nan) for name in (*(f"turn_{n}" for n in _TURN), *(f"speaker_{n}" for n in _SPEAKER))}
    begins = np.array([True, *(after.turn != before.turn for before, after in pairwise(lines))])
    firsts = np.flatnonzero(begins)
    lasts = np.append(firsts[1:], count)
    until = np.append(0.0, np.cumsum(words))
    length = until[lasts] - until[firsts]
    asking = np.array([float(asks[first:last].any()) for first, last in zip(firsts, lasts, strict=True)])
    turn = np.cumsum(begins) - 1
    usual = float(np.median(length))

    def at_beginning(values: Floats) -> Floats:
        found: Floats = values[turn] * begins
        return found

    found = {
        "turn_begins": begins.astype(float),
        "turn_words": at_beginning(np.log1p(length)),
        "turn_words_before": at_beginning(np.log1p(_earlier(length, 1))),
        "turn_words_before_that": at_beginning(np.log1p(_earlier(length, 2))),
        "turn_words_after": at_beginning(np.log1p(np.append(length[1:], 0.0))),
        "turn_relative": at_beginning(np.log(length / usual)),
        "turn_into": until[:-1] - until[firsts][turn],
        "turn_usual": np.full(count, np.log1p(usual)),
        "turn_mean": np.full(count, np.log1p(length.mean())),
        "turn_asks": at_beginning(asking),
        "turn_asks_before": at_beginning(_earlier(asking, 1)),
    }
    return found | _speaker_features(lines, words, until, begins, dict(zip(firsts.tolist(), asking.tolist(), strict=True)))


def _speaker_features(
    lines: Sequence[LineBlock], words: Floats, until: Floats, begins: NDArray[np.bool_], asking: dict[int, float]
) -> dict[str, Floats]:
    names = [line.speaker for line in lines]
    if not any(names):
        return {f"speaker_{name}": np.full(len(lines), np.nan) for name in _SPEAKER}
    spoken: dict[str, float] = {}
    turns: dict[str, int] = {}
    questions: dict[str, float] = {}
    for index, name in enumerate(names):
        spoken[name] = spoken.get(name, 0.0) + words[index]
        if begins[index]:
            turns[name] = turns.get(name, 0) + 1
            questions[name] = questions.get(name, 0.0) + asking[index]
    first, since = np.zeros(len(lines)), np.zeros(len(lines))
    heard: dict[str, float] = {}
    for index, name in enumerate(names):
        first[index] = float(name not in heard)
        if begins[index]:
            since[index] = min(until[index] - heard[name], _LONG_AGO) if name in heard else _LONG_AGO
        heard[name] = until[index + 1]
    changes = np.array([1.0, *(float(after != before) for before, after in pairwise(names))])
    return {
        "speaker_share": np.array([spoken[name] / until[-1] for name in names]),
        "speaker_asks": np.array([questions.get(name, 0.0) / turns.get(name, 1) for name in names]),
        "speaker_first": first,
        "speaker_since": since,
        "speaker_count": np.full(len(lines), float(len(spoken))),
        "speaker_changes": changes,
    }


def _earlier(values: Floats, by: int) -> Floats:
    found: Floats = np.concatenate([np.zeros(min(by, len(values))), values[:-by]])
    return found
