"""Finds where one topic ends and the next begins, from a trained scorer, pauses and chapter marks. Pure functions on arrays.

The evidence for a boundary before a line is the result of the scorer of `boundaries`, and the pause before it, on which the scorer was not
trained (its transcripts have no pauses). Dynamic programming then chooses the boundaries with the most evidence under a prior on lengths;
the number of topics follows from the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from moments_models.boundaries import trained
from moments_models.boundaries.depth import depth_evidence
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LONG_PAUSE = 1.2
"""Seconds; what people leave between subjects and not between sentences."""
_MARK, _MARK_REACH = 9.0, 5.0
"""Evidence that a chapter mark adds to the nearest line, and how many seconds away that line may begin."""
_TALK_TURN = 16.0
"""Median words of a turn from which people divide a recording as they do a talk."""
_TALK_SENTENCE = 9.0
"""The same for sentences: in talks at hand the median is 10 to 16 words, in most meetings 4 to 6."""
_SHORT, _LONG = 300.0, 900.0
"""Seconds of speech: up to the first the scorer knows nothing, because it was never shown such a recording; from the second on it does."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the kinds of evidence, in log-odds, and the prior on lengths. `training/tune_topics.py` chose them."""

    pause: float = 1.5
    prior: float = 0.9
    spread: float = 0.5
    """Standard deviation of the natural logarithm of a topic's length."""
    cost: float = -1.8
    """Log-odds from which a boundary pays. Below 0, because what it is sure of is less than half of what people set."""
    per_expected: float = 1.6
    """Topics that people make for each one that the scorer expects."""
    conversation: float = 5.7
    """Median words of a turn; the shorter turns are, down to this many, the longer topics are, in proportion."""


DEFAULT = Weights()


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a transcript. `starts` has the index of each topic's first line, 0 first; `evidence` has per line the log-odds that a
    topic pays there."""

    starts: tuple[int, ...]
    evidence: Floats
    count: int

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Returns the lines [first, last) of each topic."""
        return list(pairwise((*self.starts, self.count)))


def usual_length(duration: float) -> float:
    """Returns the seconds that a topic usually takes: humans divide longer recordings into longer parts (35 s of 150 s, 4 min of an
    hour)."""
    return float(35.0 * (max(duration, 60.0) / 150.0) ** 0.6)


def find_topics(
    lines: Sequence[LineBlock],
    vectors: NDArray[np.float32],
    *,
    shortest: float = 0.0,
    marks: Sequence[float] = (),
    weights: Weights = DEFAULT,
    log_odds: Floats | None = None,
) -> Topics:
    """Finds the topics of a transcript.

    `vectors` has one unit vector per line. `shortest` is the seconds that each topic takes where possible. `marks` are chapter starts of
    the recording's file, in seconds; they are nearly certain. `log_odds` is the scorer's result, where it is known already.
    """
    count = len(lines)
    if count == 0:
        return Topics((), np.zeros(0), 0)
    starts = np.array([line.start for line in lines])
    ends = np.array([line.end for line in lines])
    known = _known(lines)
    if log_odds is None:
        log_odds = trained().log_odds(lines, vectors)
    expected = max(expected_length(lines, log_odds, 0.5 * known, weights), shortest * 1.2)
    pauses = (1.0 + (weights.pause - 1.0) * known) * _pauses(lines)
    # Where topics are longer, boundaries are rarer in proportion.
    log_odds = log_odds - np.log(_conversation(lines, weights))
    evidence: Floats = known * (log_odds - weights.cost) + pauses
    if known < 1.0:
        evidence += (1 - known) * depth_evidence(lines, vectors)
    for mark in marks:
        nearest = int(np.abs(starts - mark).argmin())
        if nearest and abs(starts[nearest] - mark) <= _MARK_REACH:
            evidence[nearest] += _MARK
    evidence[0] = 0.0
    chosen = _best_boundaries(starts, ends, evidence, expected=expected, shortest=shortest, weights=weights)
    return Topics(tuple(chosen), evidence, count)


def expected_length(lines: Sequence[LineBlock], log_odds: Floats, trust: float, weights: Weights = DEFAULT) -> float:
    """Returns the seconds that a topic takes here: the usual length for the duration, mixed by the share `trust` with what the scorer
    expects of this text."""
    span = lines[-1].end - lines[0].start
    expected = float((1 / (1 + np.exp(-log_odds[1:]))).sum()) * weights.per_expected
    length = usual_length(span) ** (1 - trust) * (span / (max(expected, 0.5) + 1)) ** trust
    return float(length * _conversation(lines, weights))


def _conversation(lines: Sequence[LineBlock], weights: Weights) -> float:
    """Returns how many times longer a topic is than in a talk: more where speakers interrupt each other.

    Without turns, as after speech recognition alone, short sentences show it, in recordings that are long enough.
    """
    words: dict[int, int] = {}
    for line in lines:
        if line.turn is not None:
            words[line.turn] = words.get(line.turn, 0) + len(line.text.split())
    if words:
        return _TALK_TURN / float(np.clip(np.median(list(words.values())), weights.conversation, _TALK_TURN))
    usual = float(np.median([len(line.text.split()) for line in lines])) * _TALK_TURN / _TALK_SENTENCE
    return float((_TALK_TURN / np.clip(usual, weights.conversation, _TALK_TURN)) ** _known(lines))


def _known(lines: Sequence[LineBlock]) -> float:
    """Returns how well the recording's length fits the scorer's training, 0 to 1."""
    return float(np.clip((lines[-1].end - lines[0].start - _SHORT) / (_LONG - _SHORT), 0.0, 1.0))


def _pauses(lines: Sequence[LineBlock]) -> Floats:
    """Returns the silence before each line against the usual one here: 0 for the usual, at most 3."""
    gaps = np.array([0.0, *(max(0.0, after.start - before.end) for before, after in pairwise(lines))])
    usual = float(np.median(gaps[1:])) if len(gaps) > 1 else 0.0
    long: Floats = np.clip((gaps - usual) / _LONG_PAUSE - 0.3, 0.0, 3.0)
    return long


def _best_boundaries(starts: Floats, ends: Floats, evidence: Floats, *, expected: float, shortest: float, weights: Weights) -> list[int]:
    """Returns the first lines of the segmentation with the highest total of evidence minus the length prior's surprise."""
    count = len(starts)
    best = np.full(count + 1, -np.inf)
    best[0] = 0.0
    origin = np.zeros(count + 1, int)
    gain = np.append(evidence, 0.0)
    longest = expected * 10
    for last in range(1, count + 1):
        first = int(np.searchsorted(starts, ends[last - 1] - longest))
        begin = np.arange(min(first, last - 1), last)
        length = np.maximum(ends[last - 1] - starts[begin], 0.1)
        surprise = weights.prior * 0.5 * (np.log(length / expected) / weights.spread) ** 2
        # A topic that is too short is better than none, and worse than any other.
        value = best[begin] - surprise - np.where(length < shortest, 1e3, 0.0)
        pick = int(value.argmax())
        best[last] = value[pick] + gain[last]
        origin[last] = begin[pick]
    chosen: list[int] = []
    at = count
    while at > 0:
        at = int(origin[at])
        chosen.append(at)
    return chosen[::-1]
