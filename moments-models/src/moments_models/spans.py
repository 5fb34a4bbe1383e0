"""From topics to moments: which part of a topic to keep, and how much it is worth. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.tasks import Limits, Line
from moments_models.topics import Topics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ASKED_FROM, _ASKED_TO = 0.2, 0.6
"""Cosines of MiniLM between a question and text: below the first nothing was asked about, above the second clearly so."""
_TOPIC_START_BONUS = 0.15
_FEW_WORDS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """Lines [first, last) of a topic with their score (0 to 1) and what speaks for them."""

    first: int
    last: int
    score: float
    central: float
    asked: float
    whole_topic: bool


def line_salience(vectors: NDArray[np.float32], topics: Topics) -> Floats:
    """How much each line says about its topic rather than about the whole recording, 0 to 1."""
    overall = _unit(vectors.mean(axis=0))
    salience = np.zeros(len(vectors))
    for first, last in topics.ranges:
        rows = vectors[first:last]
        centre = _unit(rows.mean(axis=0))
        salience[first:last] = 0.7 * (rows @ centre) + 0.3 * (1 - rows @ overall)
    clipped: Floats = np.clip(salience, 0.0, 1.0)
    return clipped


def asked_for(vectors: NDArray[np.float32], query: NDArray[np.float32] | None) -> Floats:
    """How well each line's surroundings (itself and two lines on either side) answer the user's prompt, 0 to 1."""
    count = len(vectors)
    if query is None or count == 0:
        return np.zeros(count)
    kernel = np.array([0.5, 0.8, 1.0, 0.8, 0.5])
    similarity = vectors @ query
    reach = len(kernel) // 2
    around = np.convolve(np.pad(similarity, reach), kernel, mode="valid")
    smooth = around / np.convolve(np.pad(np.ones(count), reach), kernel, mode="valid")
    # One line that answers exactly counts even where its neighbours talk of something else.
    nearest = np.maximum(similarity * 0.9, smooth)
    answered: Floats = np.clip((nearest - _ASKED_FROM) / (_ASKED_TO - _ASKED_FROM), 0.0, 1.0)
    return answered


def choose(lines: Sequence[Line], topics: Topics, salience: Floats, asked: Floats, limits: Limits) -> list[Span]:
    """At most `max_moments` spans, one per topic, sorted by start; none overlap because topics don't."""
    spans = [_best_span(lines, first, last, salience, asked, limits) for first, last in topics.ranges]
    found = [_scored(span, lines, topics, salience, asked, limits) for span in spans if span is not None]
    fitting = [span for span in found if _duration(lines, span.first, span.last) >= limits.min_duration]
    best = sorted(fitting or found, key=lambda span: (-span.score, span.first))[: limits.max_moments]
    return sorted(best, key=lambda span: span.first)


def _duration(lines: Sequence[Line], first: int, last: int) -> float:
    return lines[last - 1].end - lines[first].start


def _best_span(lines: Sequence[Line], first: int, last: int, salience: Floats, asked: Floats, limits: Limits) -> tuple[int, int] | None:
    """The whole topic when it fits, else the stretch of whole lines that says most, the topic's own beginning preferred."""
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
        if length < limits.min_duration and best is not None:
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


def _scored(span: tuple[int, int], lines: Sequence[Line], topics: Topics, salience: Floats, asked: Floats, limits: Limits) -> Span:
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
    # What occurs lies between 0.35 and 0.75; people expect scores that use the scale.
    score = float(np.clip((worth - 0.35) / 0.4, 0.0, 1.0))
    if asked.any():
        score = 0.4 * score + 0.6 * wish
    return Span(first, last, round(float(np.clip(score, 0.0, 1.0)), 3), central, wish, starts_topic and (first, last) in topics.ranges)


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = row / max(float(np.linalg.norm(row)), 1e-9)
    return scaled
