"""Describes each line of a transcript as numbers for the salience scorer. Pure functions on arrays.

Measures of wording are ranked within their recording, so that a meeting, a talk and a podcast are on one scale, and need no list of words
but the stopwords. Training and use share this module: a change here needs a new training, hence `VERSION`, which the weights carry too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.stopwords import STOPWORDS
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VERSION = 1
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_WINDOWS = (1, 3, 7, 15, 31, 63)
"""Lines on each side whose wording is measured together with a line's."""
_COMPARED = (5, 20, 60)
"""Lines before and after a line with which its meaning is compared."""
_AROUND = 3
"""Lines on each side whose meaning is added to a line's."""
_THEME = 4
"""Times that a word occurs in a recording from which on it is one of the recording's own."""
_LONG_WORD = 7


@dataclass(frozen=True, slots=True)
class Description:
    """The features of a transcript: `wording` has a row per line and a column per name, ranks from -0.5 to 0.5; `meaning` has the meaning
    of each line and of the lines around it, less the recording's mean."""

    names: tuple[str, ...]
    wording: NDArray[np.float32]
    meaning: NDArray[np.float32]


def describe(lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Description:
    """Returns the features of the lines, of which there is at least one. `vectors` has one unit vector per line."""
    exact = vectors.astype(np.float64)
    measures = _wording(lines, exact) | _similar(exact)
    ranks = np.column_stack([ranked(values) for values in measures.values()])
    return Description(tuple(measures), ranks.astype(np.float32), meaning(lines, vectors))


def meaning(lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the vector of each line, and behind it the unit vector of the lines around it, both less their means."""
    seconds = np.array([max(line.end - line.start, 0.0) for line in lines])
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors * np.sqrt(seconds)[:, None], axis=0)])
    first, last = _window(len(lines), _AROUND)
    around = sums[last] - sums[first]
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    return np.hstack([vectors - vectors.mean(axis=0), around - around.mean(axis=0)]).astype(np.float32)


def _wording(lines: Sequence[LineBlock], vectors: Floats) -> dict[str, Floats]:
    said = [[word.lower() for word in _WORD.findall(line.text)] for line in lines]
    content = [[word for word in words if len(word) > 2 and word.replace("’", "'") not in STOPWORDS] for words in said]
    spoken_in = Counter(word for words in said for word in set(words))
    times = Counter(word for words in said for word in words)
    rarity = {word: float(np.log(len(lines) / count)) for word, count in spoken_in.items()}

    def each(values: Sequence[float]) -> Floats:
        return np.array(values, np.float64)

    words = each([max(1, len(one)) for one in said])
    centre = (vectors * words[:, None]).sum(axis=0)
    central = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    mean_rarity = each([sum(rarity[word] for word in one) / max(1, len(one)) for one in said])
    letters = each([sum(map(len, one)) / max(1, len(one)) for one in said])
    counts = {
        "content": each([len(one) for one in content]),
        "theme": each([sum(times[word] >= _THEME for word in one) for one in content]),
        "rare": each([sum(times[word] == 1 for word in one) for one in content]),
        "new": _new(content),
        "numbers": each([sum(word.isdigit() for word in one) for one in said]),
        "questions": each([line.text.count("?") for line in lines]),
    }
    found = {
        "words": words,
        "content": counts["content"],
        "content_share": counts["content"] / words,
        "rarity": each([sum(rarity[word] for word in one) for one in content]),
        "mean_rarity": mean_rarity,
        "theme": counts["theme"],
        "rare": counts["rare"],
        "long_words": each([sum(len(word) >= _LONG_WORD for word in one) for one in said]),
        "central": central,
    }
    for lines_around in _WINDOWS:
        near = {f"{name}_{lines_around}": _mean_around(values, words, lines_around) for name, values in _per_word(counts, words).items()}
        near[f"words_{lines_around}"] = _mean_around(words, np.ones(len(lines)), lines_around)
        near[f"mean_rarity_{lines_around}"] = _mean_around(mean_rarity, words, lines_around)
        near[f"letters_{lines_around}"] = _mean_around(letters, words, lines_around)
        near[f"central_{lines_around}"] = _mean_around(central, words, lines_around)
        found |= near
    return found


def _similar(vectors: Floats) -> dict[str, Floats]:
    """Returns how close each line's meaning is to the lines before and after it; 0 where there are none."""
    count = len(vectors)
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors, axis=0)])
    index = np.arange(count)
    found = {}
    for lines in _COMPARED:
        for name, first, last in (("before", index - lines, index), ("after", index + 1, index + 1 + lines)):
            low, high = np.clip(first, 0, count), np.clip(last, 0, count)
            mean = (sums[high] - sums[low]) / np.maximum(high - low, 1)[:, None]
            found[f"similar_{name}_{lines}"] = (mean * vectors).sum(axis=1)
    return found


def _per_word(counts: dict[str, Floats], words: Floats) -> dict[str, Floats]:
    return {name: values / words for name, values in counts.items()}


def _new(content: Sequence[Sequence[str]]) -> Floats:
    """Returns how many words of each line are said for the first time."""
    heard: set[str] = set()
    found = np.zeros(len(content))
    for at, words in enumerate(content):
        found[at] = len(set(words) - heard)
        heard.update(words)
    return found


def _window(count: int, lines: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    index = np.arange(count)
    return np.maximum(index - lines, 0), np.minimum(index + lines + 1, count)


def _mean_around(values: Floats, weights: Floats, lines: int) -> Floats:
    """Returns the weighted mean of each line and of so many lines on each side."""
    first, last = _window(len(values), lines)
    sums, total = np.append(0.0, np.cumsum(values * weights)), np.append(0.0, np.cumsum(weights))
    means: Floats = (sums[last] - sums[first]) / np.maximum(total[last] - total[first], 1e-9)
    return means


def ranked(values: Floats) -> Floats:
    """Returns the rank of each value from -0.5 to 0.5; equal values share the mean of theirs."""
    if len(values) < 2:
        return np.zeros(len(values))
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count + 1) / 2
    ranks: Floats = mean_rank[place] / (len(values) - 1) - 0.5
    return ranks
