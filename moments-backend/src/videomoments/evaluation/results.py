"""Scores systems on one dataset, with confidence intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from videomoments.core.times import Interval
from videomoments.evaluation.dataset import EvaluatedRecording
from videomoments.evaluation.intervals import Estimate, estimate
from videomoments.evaluation.metrics.chapter_metrics import score_chapters
from videomoments.evaluation.metrics.retrieval import score_query
from videomoments.evaluation.metrics.salience import SHARES, lift
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
SALIENCE_COLUMNS = {f"lift_{round(100 * share)}": f"lift@{round(100 * share)}%" for share in SHARES}
QUERY_COLUMNS = {"r1_50": "R1@0.5", "r1_70": "R1@0.7", "miou": "mIoU", "map_50": "mAP@0.5", "map_70": "mAP@0.7", "map_avg": "mAP"}

ByFile = dict[str, dict[str, list[float]]]
"""Metric, recording, values."""


@dataclass(frozen=True, slots=True)
class SystemResult:
    """A system's estimates by metric, empty where the dataset has no such annotations. `prompt_version` is that of its predictions."""

    name: str
    chapters: Mapping[str, Estimate]
    queries: Mapping[str, Estimate]
    salience: Mapping[str, Estimate]
    failed: int = 0
    prompt_version: str | None = None


def evaluate(recordings: Sequence[EvaluatedRecording], predictions: Predictions) -> SystemResult:
    """Returns the scores of one set of predictions. Rows that it lacks count as empty answers."""
    found = _result(predictions.name, [_scores(recordings, predictions)], failed=len(predictions.errors))
    return replace(found, prompt_version=predictions.prompt_version)


def evaluate_draws(recordings: Sequence[EvaluatedRecording], name: str, draw: Callable[[int], Predictions], draws: int) -> SystemResult:
    """Returns the scores of a random system: every value is the mean over `draws` draws."""
    return _result(name, [_scores(recordings, draw(seed)) for seed in range(draws)], failed=0)


def _scores(recordings: Sequence[EvaluatedRecording], predictions: Predictions) -> tuple[ByFile, ByFile, ByFile]:
    chapters: ByFile = defaultdict(dict)
    queries: ByFile = defaultdict(dict)
    salience: ByFile = defaultdict(dict)
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
        if (marked := recording.marked) is not None:
            spans = [Interval(one.start, one.end) for one in predictions.chosen.get(recording.id, [])]
            for metric, share in zip(SALIENCE_COLUMNS, SHARES, strict=True):
                salience[metric][recording.id] = [lift(marked, spans, share)]
    return chapters, queries, salience


def _result(name: str, draws: Sequence[tuple[ByFile, ByFile, ByFile]], *, failed: int) -> SystemResult:
    chapters, queries, salience = (_estimates([draw[side] for draw in draws]) for side in range(3))
    return SystemResult(name, chapters, queries, salience, failed)


def _estimates(draws: Sequence[ByFile]) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for metric, files in draws[0].items():
        means = {}
        for file in files:
            columns = zip(*(draw[metric][file] for draw in draws), strict=True)
            means[file] = [sum(column) / len(draws) for column in columns]
        found[metric] = estimate(means)
    return found


def tables(results: Sequence[SystemResult]) -> list[tuple[str, Mapping[str, str], list[tuple[str, Mapping[str, Estimate]]]]]:
    """Returns heading, columns and rows of each table that has something to show, with the systems that were measured on it."""
    sides = (
        ("Chapters", CHAPTER_COLUMNS, [(one.name, one.chapters) for one in results]),
        ("Queries", QUERY_COLUMNS, [(one.name, one.queries) for one in results]),
        ("Salience", SALIENCE_COLUMNS, [(one.name, one.salience) for one in results]),
    )
    measured = [(heading, columns, [row for row in rows if row[1]]) for heading, columns, rows in sides]
    return [(heading, columns, rows) for heading, columns, rows in measured if rows]
