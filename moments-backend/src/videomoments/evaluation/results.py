"""Scores systems on one dataset, with confidence intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from videomoments.evaluation.dataset import EvaluatedRecording
from videomoments.evaluation.intervals import Estimate, estimate
from videomoments.evaluation.metrics.chapter_metrics import score_chapters
from videomoments.evaluation.metrics.retrieval import score_query
from videomoments.evaluation.predictions import Predictions

CHAPTER_COLUMNS = {
    "pk": "Pk ↓",
    "window_diff": "WD ↓",
    "f1_10": "F1@10s",
    "f1_30": "F1@30s",
    "recall_50": "R@0.5",
    "recall_70": "R@0.7",
    "precision_50": "P@0.5",
    "count": "count ÷ human",
}
QUERY_COLUMNS = {"r1_50": "R1@0.5", "r1_70": "R1@0.7", "miou": "mIoU", "map_50": "mAP@0.5", "map_70": "mAP@0.7", "map_avg": "mAP"}

ByFile = dict[str, dict[str, list[float]]]
"""Metric, recording, values."""


@dataclass(frozen=True, slots=True)
class SystemResult:
    """A system's estimates by metric, empty where the dataset has no such annotations. `prompt_version` is that of its predictions."""

    name: str
    chapters: Mapping[str, Estimate]
    queries: Mapping[str, Estimate]
    failed: int = 0
    prompt_version: str | None = None


def evaluate(recordings: Sequence[EvaluatedRecording], predictions: Predictions) -> SystemResult:
    """Returns the scores of one set of predictions. Rows that it lacks count as empty answers."""
    found = _result(predictions.name, [_scores(recordings, predictions)], failed=len(predictions.errors))
    return replace(found, prompt_version=predictions.prompt_version)


def evaluate_draws(recordings: Sequence[EvaluatedRecording], name: str, draw: Callable[[int], Predictions], draws: int) -> SystemResult:
    """Returns the scores of a random system: every value is the mean over `draws` draws."""
    return _result(name, [_scores(recordings, draw(seed)) for seed in range(draws)], failed=0)


def _scores(recordings: Sequence[EvaluatedRecording], predictions: Predictions) -> tuple[ByFile, ByFile]:
    chapters: ByFile = defaultdict(dict)
    queries: ByFile = defaultdict(dict)
    for recording in recordings:
        scores = score_chapters(recording.starts, predictions.starts.get(recording.id, []), recording.duration)
        if scores is not None:
            for metric, value in asdict(scores).items():
                chapters[metric][recording.id] = [value]
        answered = [
            asdict(score_query(query.intervals, predictions.spans.get((recording.id, query.query), []))) for query in recording.queries
        ]
        for metric in QUERY_COLUMNS if answered else ():
            queries[metric][recording.id] = [one[metric] for one in answered]
    return chapters, queries


def _result(name: str, draws: Sequence[tuple[ByFile, ByFile]], *, failed: int) -> SystemResult:
    chapters, queries = (_estimates([draw[side] for draw in draws]) for side in (0, 1))
    return SystemResult(name, chapters, queries, failed)


def _estimates(draws: Sequence[ByFile]) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for metric, files in draws[0].items():
        means = {}
        for file in files:
            columns = zip(*(draw[metric][file] for draw in draws), strict=True)
            means[file] = [sum(column) / len(draws) for column in columns]
        found[metric] = estimate(means)
    return found
