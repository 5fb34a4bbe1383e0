"""Finds the stretches of a recording that are in another language than the rest. Pure functions.

One short phrase proves little: a name, a quotation or a mumble looks like any language. A switch needs two windows that are sure of it, or
eight seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SURE = 0.8
"""Probability from which a language counts as heard."""
LONG_ENOUGH = 8.0
"""Seconds of which one sure answer is enough."""
_CANDIDATE = 0.3
_SWITCH_COST = 2.5
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class LanguageWindow:
    """A stretch in seconds, and the probability of each language in it."""

    start: float
    end: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """Consecutive windows that are all most likely in one language."""

    language: str
    windows: tuple[LanguageWindow, ...]

    @property
    def start(self) -> float:
        return self.windows[0].start

    @property
    def end(self) -> float:
        return self.windows[-1].end

    @property
    def seconds(self) -> float:
        return sum(window.end - window.start for window in self.windows)


def likeliest(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda language: probabilities[language])


def runs(windows: Sequence[LanguageWindow], current: str) -> list[LanguageRun]:
    """Returns the windows as stretches of one language each: the most likely sequence when each switch has a cost (Viterbi)."""
    if not windows:
        return []
    best = [likeliest(window.probabilities) for window in windows]
    likely = {name for name, window in zip(best, windows, strict=True) if window.probabilities[name] >= _CANDIDATE}
    candidates = [current, *sorted(likely - {current})]
    scores = {name: _score(windows[0], name) - _cost(current, name) for name in candidates}
    back: list[dict[str, str]] = []
    for window in windows[1:]:
        came = {name: _best_before(scores, name) for name in candidates}
        scores = {name: scores[came[name]] - _cost(came[name], name) + _score(window, name) for name in candidates}
        back.append(came)
    path = [max(candidates, key=lambda name: scores[name])]
    for came in reversed(back):
        path.append(came[path[-1]])
    path.reverse()
    edges = [0, *(index + 1 for index, (a, b) in enumerate(pairwise(path)) if a != b), len(path)]
    return [LanguageRun(path[first], tuple(windows[first:last])) for first, last in pairwise(edges)]


def _best_before(scores: Mapping[str, float], language: str) -> str:
    return max(scores, key=lambda before: scores[before] - _cost(before, language))


def _cost(before: str, after: str) -> float:
    return 0.0 if before == after else _SWITCH_COST


def _score(window: LanguageWindow, language: str) -> float:
    return math.log(max(window.probabilities.get(language, 0.0), _LEAST))


def two_windows_are_sure(run: LanguageRun) -> bool:
    """Returns whether two windows of the run are sure of its language by themselves."""
    return sum(window.probabilities.get(run.language, 0.0) >= SURE for window in run.windows) >= 2


def together(answers: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Returns the mean probability of each language over several results."""
    names = {name for answer in answers for name in answer}
    return {name: sum(answer.get(name, 0.0) for answer in answers) / len(answers) for name in names}


def weighed(windows: Sequence[LanguageWindow]) -> dict[str, float]:
    """Returns each language's share of the seconds in the windows that are sure of a language, empty where none is sure."""
    seconds: dict[str, float] = {}
    for window in windows:
        best = likeliest(window.probabilities)
        if window.probabilities[best] >= SURE:
            seconds[best] = seconds.get(best, 0.0) + window.end - window.start
    return {name: part / sum(seconds.values()) for name, part in seconds.items()}
