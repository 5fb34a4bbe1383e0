"""Sets the operating point of topics: `python tune_topics.py DATASET… --cache DIR [--folds N]`.

DATASET: recordings with human chapters, in the format of `moments eval`; each counts alike, however many recordings it holds. Every
combination of the constants below is tried on every recording. Then, fold by fold, the best combination of the other folds is measured
on the fold that had no say in it: those are the figures to publish. What is chosen on all recordings goes into `topics.Weights`, by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from embedded import embedded
from moments_models.boundaries import trained
from moments_models.topics import DEFAULT, Weights, find_topics
from videomoments.evaluation.dataset import read_dataset
from videomoments.evaluation.metrics.chapter_metrics import ChapterScores, score_chapters

STEPS = {
    "prior": (0.5, 0.7, 0.9),
    "spread": (0.5, 0.7, 0.9),
    "cost": (-2.6, -2.2, -1.8),
    "per_expected": (1.2, 1.4, 1.6),
    "conversation": (5.7, 6.7, 8.0),
}
"""`pause` is left alone: no set with true times of words is at hand, and on whole seconds it changes nothing."""
METRICS = tuple(field.name for field in fields(ChapterScores))
COUNT = (0.85, 1.15)
"""Topics over human chapters that an operating point may have in the mean of a dataset."""

Table = np.ndarray[Any, np.dtype[np.float64]]
"""Recordings, operating points, metrics."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True, help="folder for sentence embeddings")
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    points = [replace(DEFAULT, **dict(zip(STEPS, values, strict=True))) for values in product(*STEPS.values())]
    tables = {path.stem: np.stack(list(_scores(path, options.cache, points))) for path in options.datasets}
    sizes = ", ".join(f"{len(table)} of {name}" for name, table in tables.items())
    print(f"{sizes}; {len(points)} operating points", flush=True)
    folds = {name: np.array_split(np.random.default_rng(7).permutation(len(table)), options.folds) for name, table in tables.items()}
    held_out = {name: np.zeros((len(table), len(METRICS))) for name, table in tables.items()}
    for number in range(options.folds):
        point = _best({name: np.delete(table, folds[name][number], axis=0) for name, table in tables.items()})
        print(f"fold {number + 1}: {_named(points[point])}")
        for name, table in tables.items():
            fold = folds[name][number]
            held_out[name][fold] = table[fold, point]
            print(f"  {name}, {len(fold)} held out: {_figures(held_out[name][fold])}")
    chosen = _best(tables)
    print(f"chosen on all: {_named(points[chosen])}")
    for name, table in tables.items():
        print(f"  {name}, held out, all folds:        {_figures(held_out[name])}")
        print(f"  {name}, chosen on all, not held out: {_figures(table[:, chosen])}")


def _scores(dataset: Path, cache: Path, points: Sequence[Weights]) -> Iterator[Table]:
    """For each recording a row per operating point."""
    for recording, lines, vectors in embedded(read_dataset(dataset), cache):
        log_odds = trained().log_odds(lines, vectors)
        found = []
        for point in points:
            topics = find_topics(lines, vectors, weights=point, log_odds=log_odds)
            scores = score_chapters(recording.starts, [lines[at].start for at in topics.starts], recording.duration)
            if scores is None:
                break
            found.append([asdict(scores)[metric] for metric in METRICS])
        else:
            yield np.array(found)


def _best(tables: Mapping[str, Table]) -> int:
    """The point with the most F1 and precision and the least Pk, of those whose number of topics is right on every dataset."""
    merit: Any = 0.0
    for table in tables.values():
        means = dict(zip(METRICS, table.mean(axis=0).T, strict=True))
        right = (COUNT[0] <= means["count"]) & (means["count"] <= COUNT[1])
        merit = merit + means["f1_10"] + means["precision_50"] - means["pk"] - np.where(right, 0.0, 10.0)
    return int(merit.argmax())


def _figures(scores: Table) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in zip(METRICS, scores.mean(axis=0), strict=True))


def _named(weights: Weights) -> str:
    return " ".join(f"{name}={value:g}" for name, value in asdict(weights).items())


if __name__ == "__main__":
    main()
