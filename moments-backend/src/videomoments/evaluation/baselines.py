"""Predictions that cost nothing, and that a model has to beat."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from videomoments.core.times import Interval
from videomoments.evaluation.dataset import EvaluatedRecording
from videomoments.evaluation.metrics.chapter_metrics import boundaries
from videomoments.evaluation.predictions import PredictedMoment, Predictions

RANDOM_DRAWS = 20
"""Random baselines are means over so many draws, or luck would be compared with work."""
_SPANS = 10
_WINDOW = 45
"""Seconds of a span where a baseline has no length of its own."""


def whole_video(recordings: Sequence[EvaluatedRecording]) -> Predictions:
    """Predicts one moment: the whole recording."""
    found = Predictions("whole video")
    for recording in recordings:
        found.starts[recording.id] = [0.0]
        for query in recording.queries:
            found.spans[recording.id, query.query] = [Interval(0.0, recording.duration)]
    return found


def uniform(recordings: Sequence[EvaluatedRecording]) -> Predictions:
    """Predicts equal parts: as many as humans made (a number that no model knows). For queries the parts have the usual length, the first
    one first."""
    found = Predictions("uniform")
    length = usual_length(recordings)
    for recording in recordings:
        count = len(boundaries(recording.starts, recording.duration)) + 1
        found.starts[recording.id] = [recording.duration * at / count for at in range(count)]
        parts = max(1, round(recording.duration / length))
        step = recording.duration / parts
        for query in recording.queries:
            found.spans[recording.id, query.query] = [Interval(step * at, step * (at + 1)) for at in range(min(parts, _SPANS))]
    return found


def random_turns(recordings: Sequence[EvaluatedRecording], seed: int) -> Predictions:
    """Predicts as many starts as humans set, at random starts of segments. For queries it draws random spans of lengths that occur."""
    found = Predictions("random")
    generator = random.Random(seed)
    lengths = [span.duration for recording in recordings for query in recording.queries for span in query.intervals]
    for recording in recordings:
        count = len(boundaries(recording.starts, recording.duration))
        begins = sorted({segment.start for segment in recording.segments})
        found.starts[recording.id] = sorted(generator.sample(begins, min(count, len(begins))))
        for query in recording.queries:
            drawn = [min(generator.choice(lengths), recording.duration) for _ in range(_SPANS)]
            starts = [generator.uniform(0.0, recording.duration - length) for length in drawn]
            spans = [Interval(start, start + length) for start, length in zip(starts, drawn, strict=True)]
            found.spans[recording.id, query.query] = spans
    return found


def opening(recordings: Sequence[EvaluatedRecording]) -> Predictions:
    """Chooses each recording from its beginning on."""
    return _chosen("opening", recordings, lambda recording: [Interval(0.0, recording.duration)])


def longest_turns(recordings: Sequence[EvaluatedRecording]) -> Predictions:
    """Chooses the longest turns first."""

    def choose(recording: EvaluatedRecording) -> list[Interval]:
        return sorted((Interval(one.start, one.end) for one in recording.segments), key=lambda turn: (-turn.duration, turn.start))

    return _chosen("longest turns", recordings, choose)


def random_spans(recordings: Sequence[EvaluatedRecording], seed: int) -> Predictions:
    """Chooses spans of 45 seconds in any order."""
    generator = random.Random(seed)

    def choose(recording: EvaluatedRecording) -> list[Interval]:
        found = _windows(recording)
        generator.shuffle(found)
        return found

    return _chosen("random", recordings, choose)


def oracle(recordings: Sequence[EvaluatedRecording]) -> Predictions:
    """Chooses the spans of 45 seconds that people marked most: the best that such spans can do."""

    def choose(recording: EvaluatedRecording) -> list[Interval]:
        marked = recording.marked
        assert marked is not None
        return sorted(_windows(recording), key=lambda span: (marked.until(span.start) - marked.until(span.end)) / span.duration)

    return _chosen("oracle, 45 s", recordings, choose)


def _windows(recording: EvaluatedRecording) -> list[Interval]:
    starts = range(0, math.ceil(recording.duration), _WINDOW)
    return [Interval(float(at), min(float(at + _WINDOW), recording.duration)) for at in starts]


def _chosen(name: str, recordings: Sequence[EvaluatedRecording], choose: Callable[[EvaluatedRecording], list[Interval]]) -> Predictions:
    found = Predictions(name)
    for recording in recordings:
        if recording.marked is not None:
            found.chosen[recording.id] = [PredictedMoment(span.start, span.end) for span in choose(recording)]
    return found


def usual_length(recordings: Sequence[EvaluatedRecording]) -> float:
    """Returns the median length, in seconds, of the spans that answer queries, or 60 where there are none."""
    lengths = sorted(span.duration for recording in recordings for query in recording.queries for span in query.intervals)
    return lengths[len(lengths) // 2] if lengths else 60.0
