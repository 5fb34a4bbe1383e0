"""Query metrics against cases worked by hand and against QVHighlights' own arithmetic, restated."""

from __future__ import annotations

import random

import numpy as np
import pytest

from videomoments.core.times import Interval
from videomoments.evaluation.metrics.retrieval import THRESHOLDS, average_precision, score_query


def official_average_precision(truth: list[Interval], found: list[Interval], threshold: float) -> float:
    """`compute_average_precision_detection` of QVHighlights' standalone evaluation, for one query and one threshold."""
    if not found:
        return 0.0
    lock = -np.ones(len(truth))
    hit, miss = np.zeros(len(found)), np.zeros(len(found))
    for index, span in enumerate(found):
        overlaps = np.array([span.iou(true) for true in truth])
        for candidate in overlaps.argsort()[::-1]:
            if overlaps[candidate] < threshold:
                miss[index] = 1
                break
            if lock[candidate] >= 0:
                continue
            hit[index], lock[candidate] = 1, index
            break
        if not hit[index] and not miss[index]:
            miss[index] = 1
    recall = np.cumsum(hit) / len(truth)
    precision = np.cumsum(hit) / (np.cumsum(hit) + np.cumsum(miss))
    precision, recall = np.hstack([[0], precision, [0]]), np.hstack([[0], recall, [1]])
    for index in range(len(precision) - 1)[::-1]:
        precision[index] = max(precision[index], precision[index + 1])
    steps = np.where(recall[1:] != recall[:-1])[0] + 1
    return float(np.sum((recall[steps] - recall[steps - 1]) * precision[steps]))


def spans(generator: random.Random, count: int) -> list[Interval]:
    starts = [generator.uniform(0, 80) for _ in range(count)]
    return [Interval(start, start + generator.uniform(5, 40)) for start in starts]


@pytest.mark.parametrize("seed", range(60))
def test_average_precision_is_qvhighlights(seed: int) -> None:
    generator = random.Random(seed)
    truth, found = spans(generator, generator.randint(1, 4)), spans(generator, generator.randint(0, 10))
    for threshold in THRESHOLDS:
        assert average_precision(truth, found, threshold) == pytest.approx(official_average_precision(truth, found, threshold))


def test_one_query_by_hand() -> None:
    truth = [Interval(10, 20), Interval(50, 60)]
    scores = score_query(truth, [Interval(0, 5), Interval(10, 18), Interval(52, 60)])
    assert (scores.r1_50, scores.miou) == (0.0, 0.0)
    # Hits at ranks 2 and 3, both with IoU 0.8: precision 1/2 then 2/3, interpolated 2/3 at both recalls.
    assert scores.map_50 == pytest.approx(2 / 3)
    # Of the ten thresholds 0.5 … 0.95, seven are at most 0.8.
    assert scores.map_avg == pytest.approx(0.7 * 2 / 3)


def test_the_first_span_decides_recall_at_one() -> None:
    scores = score_query([Interval(0, 10)], [Interval(0, 6)])
    assert (scores.r1_50, scores.r1_70, scores.miou) == (1.0, 0.0, pytest.approx(0.6))


def test_no_answer_scores_nothing() -> None:
    scores = score_query([Interval(0, 10)], [])
    assert (scores.r1_50, scores.miou, scores.map_avg) == (0.0, 0.0, 0.0)
