"""Chooses moments from topics, or from what the user asks for: the lines that they hold, and their scores. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.salience import trained
from moments_models.salience.salient_spans import most_salient_spans
from moments_models.task_blocks import LimitsBlock, LineBlock
from moments_models.topics import Topics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ASKED_FROM, _ASKED_TO = 0.2, 0.6
"""Cosines of MiniLM between a question and text: below the first nothing was asked about, above the second clearly so."""
_SURROUNDINGS_SHARE, _SURROUNDINGS = 0.04, (8, 60)
"""Words on each side of a line that are compared with the prompt: a share of all, between bounds."""
_STANDS_OUT = 0.8
"""Standard deviations above the mean from which a line belongs to an answer."""
_WORTH_SHOWING = 0.4
"""Of the best answer's match; what matches less is not what was asked for."""
_BLUR = 10.0
"""Seconds by which an edge may miss the topic's."""
_TOPIC_START_BONUS = 0.15
_FEW_WORDS = 12


@dataclass(frozen=True, slots=True)
class TopicSpan:
    """Lines [first, last) of a topic, with their score (0 to 1) and the values on which it rests."""

    first: int
    last: int
    score: float
    central: float
    asked: float
    whole_topic: bool


def line_salience(vectors: NDArray[np.float32], topics: Topics) -> Floats:
    """Returns how much each line says about its topic rather than about the whole recording, 0 to 1."""
    overall = _unit(vectors.mean(axis=0))
    salience = np.zeros(len(vectors))
    for first, last in topics.ranges:
        rows = vectors[first:last]
        centre = _unit(rows.mean(axis=0))
        salience[first:last] = 0.7 * (rows @ centre) + 0.3 * (1 - rows @ overall)
    clipped: Floats = np.clip(salience, 0.0, 1.0)
    return clipped


def similarity_to(query: NDArray[np.float32] | None, vectors: NDArray[np.float32], lines: Sequence[LineBlock]) -> Floats:
    """Returns the cosine of the query with each line and its surroundings, because one line alone says too little. It is 0 without a
    query."""
    if query is None:
        return np.zeros(len(lines))
    words = np.array([max(1, len(line.text.split())) for line in lines], float)
    until = np.append(0.0, np.cumsum(words))
    reach = float(np.clip(until[-1] * _SURROUNDINGS_SHARE, *_SURROUNDINGS))
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors * np.sqrt(words)[:, None], axis=0)])
    first = np.searchsorted(until, until[:-1] - reach)
    last = np.minimum(np.searchsorted(until, until[:-1] + reach) + 1, len(lines))
    around = sums[last] - sums[first]
    cosines: Floats = (around @ query) / np.maximum(np.linalg.norm(around, axis=1), 1e-9)
    return cosines


def asked_for(query: NDArray[np.float32] | None, vectors: NDArray[np.float32], around: Floats) -> Floats:
    """Returns how well each line answers the user's prompt, 0 to 1. `around` comes from `similarity_to`."""
    if query is None or len(vectors) == 0:
        return np.zeros(len(vectors))
    # One line that answers exactly counts even where its neighbours are about something else.
    nearest = np.maximum(0.9 * (vectors @ query), around)
    answered: Floats = np.clip((nearest - _ASKED_FROM) / (_ASKED_TO - _ASKED_FROM), 0.0, 1.0)
    return answered


def choose(lines: Sequence[LineBlock], topics: Topics, salience: Floats, asked: Floats, limits: LimitsBlock) -> list[TopicSpan]:
    """Returns at most `max_moments` spans, one per topic, sorted by start. None overlap, because topics don't."""
    return _best(topics.ranges, lines, topics, salience, asked, limits)


def most_salient(lines: Sequence[LineBlock], vectors: NDArray[np.float32], topics: Topics, limits: LimitsBlock) -> list[TopicSpan]:
    """Returns at most `max_moments` stretches that people would most likely mark as important, sorted by start. None overlap."""
    found = most_salient_spans(lines, trained().shares(lines, vectors), topics.evidence, limits)
    return [TopicSpan(one.first, one.last, one.score, 0.0, 0.0, False) for one in sorted(found, key=lambda one: one.first)]


def answers(
    lines: Sequence[LineBlock], topics: Topics, salience: Floats, asked: Floats, around: Floats, limits: LimitsBlock
) -> list[TopicSpan]:
    """Returns at most `max_moments` stretches that answer the prompt, sorted by start, wherever topics begin. None overlap.

    A stretch is the run of lines with the greatest sum of (seconds times how far a line's match is above the recording's usual one).
    """
    seconds = np.array([line.end - line.start for line in lines])
    usual = float(np.average(around, weights=seconds))
    gain = ((around - usual) / (around.std() + 1e-9) - _STANDS_OUT) * seconds
    found: list[tuple[int, int]] = []
    taken = np.zeros(len(lines), bool)
    while len(found) < limits.max_moments and (run := _heaviest_run(gain)) is not None:
        first, last = _grown(_on_topics(run, lines, topics, taken), lines, taken, limits.min_duration)
        taken[first:last] = True
        gain[first:last] = -np.inf
        found.append((first, last))
    best = _best(found, lines, topics, salience, asked, limits)
    least = _WORTH_SHOWING * max((span.asked for span in best), default=0.0)
    return [span for span in best if span.asked >= least]


def _heaviest_run(gain: Floats) -> tuple[int, int] | None:
    """Returns the run [first, last) with the greatest sum, or None where no value is above 0."""
    best, run = 0.0, None
    total, first = 0.0, 0
    for at, value in enumerate(gain):
        if total <= 0.0:
            total, first = 0.0, at
        total += value
        if total > best:
            best, run = total, (first, at + 1)
    return run


def _on_topics(run: tuple[int, int], lines: Sequence[LineBlock], topics: Topics, taken: NDArray[np.bool_]) -> tuple[int, int]:
    """Returns `run` with each edge moved to a topic's start or end, where one is near: comparing the surroundings of lines blurs edges."""
    reach = max(_BLUR, 0.1 * _duration(lines, *run))
    starts = min(topics.starts, key=lambda at: abs(lines[at].start - lines[run[0]].start))
    ends = min((last for _, last in topics.ranges), key=lambda at: abs(lines[at - 1].end - lines[run[1] - 1].end))
    first = starts if abs(lines[starts].start - lines[run[0]].start) <= reach else run[0]
    last = ends if abs(lines[ends - 1].end - lines[run[1] - 1].end) <= reach else run[1]
    return (first, last) if first < last and not taken[first:last].any() else run


def _grown(run: tuple[int, int], lines: Sequence[LineBlock], taken: NDArray[np.bool_], shortest: float) -> tuple[int, int]:
    """Returns `run` with free lines added after it, then before it, until it is long enough."""
    first, last = run
    while _duration(lines, first, last) < shortest:
        if last < len(lines) and not taken[last]:
            last += 1
        elif first > 0 and not taken[first - 1]:
            first -= 1
        else:
            break
    return first, last


def _best(
    ranges: Sequence[tuple[int, int]], lines: Sequence[LineBlock], topics: Topics, salience: Floats, asked: Floats, limits: LimitsBlock
) -> list[TopicSpan]:
    long_enough = [(first, last) for first, last in ranges if _duration(lines, first, last) > 0.0]
    spans = [_best_span(lines, first, last, salience, asked, limits) for first, last in long_enough]
    found = [_scored(span, lines, topics, salience, asked, limits) for span in spans]
    fitting = [span for span in found if _duration(lines, span.first, span.last) >= limits.min_duration]
    best = sorted(fitting or found, key=lambda span: (-span.score, span.first))[: limits.max_moments]
    return sorted(best, key=lambda span: span.first)


def _duration(lines: Sequence[LineBlock], first: int, last: int) -> float:
    return lines[last - 1].end - lines[first].start


def _best_span(lines: Sequence[LineBlock], first: int, last: int, salience: Floats, asked: Floats, limits: LimitsBlock) -> tuple[int, int]:
    """Returns the whole topic when it fits, else the stretch of whole lines that says most, preferring the topic's own start."""
    if _duration(lines, first, last) <= limits.max_duration:
        return first, last
    worth = np.array([max(0.0, line.end - line.start) for line in lines[first:last]]) * (salience[first:last] + 2.0 * asked[first:last])
    sums = np.append(0.0, np.cumsum(worth))
    ends = np.array([line.end for line in lines[first:last]])
    best: tuple[float, int, int] | None = None
    for begin in range(first, last):
        end = first + int(np.searchsorted(ends, lines[begin].start + limits.max_duration, side="right"))
        if end <= begin:
            continue  # this line alone is too long
        length = _duration(lines, begin, end)
        if length <= 0.0 or (length < limits.min_duration and best is not None):
            continue
        value = float(sums[end - first] - sums[begin - first]) / max(limits.max_duration * 0.5, length)
        value += _TOPIC_START_BONUS if begin == first else 0.0
        value -= 1.0 if length < limits.min_duration else 0.0
        if best is None or value > best[0]:
            best = (value, begin, end)
    if best is None:  # only lines that are too long: one of them, whole
        longest = first + int(worth.argmax())
        return longest, longest + 1
    return best[1], best[2]


def _scored(
    span: tuple[int, int], lines: Sequence[LineBlock], topics: Topics, salience: Floats, asked: Floats, limits: LimitsBlock
) -> TopicSpan:
    first, last = span
    central = float(salience[first:last].mean())
    wish = float(np.sort(asked[first:last])[-3:].mean()) if last > first else 0.0
    words = sum(len(line.text.split()) for line in lines[first:last])
    length = _duration(lines, first, last)
    comfortable = max(1.0, min(limits.max_duration, max(limits.min_duration, 30.0)))
    fullness = min(1.0, length / comfortable) * min(1.0, words / _FEW_WORDS)
    starts_topic = first in topics.starts
    boundary = 1 / (1 + np.exp(-float(topics.evidence[first]))) if first else 0.7
    worth = 0.45 * central + 0.15 * fullness + 0.15 * float(boundary) + (0.05 if starts_topic else 0.0)
    # Values lie between 0.35 and 0.75 in practice; users expect scores that use the whole scale.
    score = float(np.clip((worth - 0.35) / 0.4, 0.0, 1.0))
    if asked.any():
        score = 0.4 * score + 0.6 * wish
    return TopicSpan(first, last, round(float(np.clip(score, 0.0, 1.0)), 3), central, wish, starts_topic and (first, last) in topics.ranges)


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = row / max(float(np.linalg.norm(row)), 1e-9)
    return scaled
