"""Trains the salience scorer: `python train_salience.py DATASET --cache DIR [--output FILE] [--folds DIR]`.

DATASET: recordings whose segments say which share of them people marked as important, in the format of `moments eval`. The scorer is a
ridge regression of that share, less the recording's mean, on the features of `salience/line_features.py`; lines count by their seconds, and
every recording of a series (ES2002, IS1000 …) is in one fold. `--folds` writes the weights of each fold and the recordings that it holds
out, so that `moments eval --salience` can measure the service on recordings that its weights have not seen:

    MOMENTS_SALIENCE_WEIGHTS=FOLDS/0.npz moments eval FOLDS/0.jsonl --salience --model extractive --predictions FOLDS/0.found.jsonl
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embedded import embedded
from moments_models.salience import salience_scorer
from moments_models.salience.line_features import VERSION, describe
from videomoments.evaluation.dataset import EvaluatedRecording, read_dataset

FOLDS = 5
_SERIES = 6
"""Letters of an id that name its series."""
_PENALTY = 300.0
"""On the square of each weight, against seconds of speech."""
OUTPUT = Path(salience_scorer.__file__).with_name(salience_scorer.WEIGHTS)


@dataclass
class Example:
    """A recording as the sums that a regression needs: they are added over the recordings of a training."""

    recording: EvaluatedRecording
    names: tuple[str, ...]
    squares: Any
    products: Any
    marked: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder for sentence embeddings")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--folds", type=Path, help="folder for the weights and the recordings of each fold")
    parser.add_argument("--without", default="", metavar="ID", help="leave out the recordings whose ids begin so")
    options = parser.parse_args()
    recordings = [one for one in read_dataset(options.dataset) if not options.without or not one.id.startswith(options.without)]
    examples = list(_examples(recordings, options.cache))
    print(f"{len(examples)} recordings, {sum(one.seconds for one in examples) / 3600:.1f} h of speech", flush=True)
    if options.folds is not None:
        options.folds.mkdir(parents=True, exist_ok=True)
        for number, held_out in enumerate(_folds(examples)):
            inside = [one for one in examples if one.recording.id[:_SERIES] not in held_out]
            outside = [one.recording for one in examples if one.recording.id[:_SERIES] in held_out]
            np.savez_compressed(options.folds / f"{number}.npz", **_fitted(inside))
            text = "".join(f"{one.model_dump_json()}\n" for one in outside)
            (options.folds / f"{number}.jsonl").write_text(text, encoding="utf-8")
            print(f"fold {number}: {len(inside)} to learn from, {len(outside)} held out", flush=True)
    np.savez_compressed(options.output, **_fitted(examples))
    print(f"{options.output.name}: {options.output.stat().st_size / 1e3:.0f} kB")


def _examples(recordings: Sequence[EvaluatedRecording], cache: Path) -> Iterable[Example]:
    for recording, lines, vectors in embedded(recordings, cache):
        marked = recording.marked
        if marked is None:
            continue
        found = describe(lines, vectors)
        seconds = np.array([line.end - line.start for line in lines])
        shares = np.array([marked.until(line.end) - marked.until(line.start) for line in lines]) / np.maximum(seconds, 1e-6)
        usual = float(np.average(shares, weights=seconds))
        table = np.hstack([found.wording, found.meaning, np.ones((len(lines), 1))]).astype(np.float64)
        weighted = table * seconds[:, None]
        total = float(seconds.sum())
        yield Example(recording, found.names, table.T @ weighted, weighted.T @ (shares - usual), usual * total, total)


def _folds(examples: Sequence[Example]) -> list[set[str]]:
    series = sorted({one.recording.id[:_SERIES] for one in examples})
    random.Random(0).shuffle(series)
    return [set(series[first::FOLDS]) for first in range(FOLDS)]


def _fitted(examples: Sequence[Example]) -> dict[str, Any]:
    """The arrays that `salience_scorer.SalienceScorer` reads."""
    names = examples[0].names
    squares, products = sum(one.squares for one in examples), sum(one.products for one in examples)
    penalty = np.full(len(squares), _PENALTY)
    penalty[-1] = 0.0
    weights = np.linalg.solve(squares + np.diag(penalty), products)
    usual = sum(one.marked for one in examples) / sum(one.seconds for one in examples)
    return {
        "version": np.array(VERSION),
        "names": np.array(names),
        "wording": weights[: len(names)].astype(np.float32),
        "meaning": weights[len(names) : -1].astype(np.float32),
        "usual": np.array(usual + weights[-1]),
    }


if __name__ == "__main__":
    main()
