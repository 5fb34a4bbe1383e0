"""Trains the boundary scorer: `python train_boundaries.py DATASET --cache DIR [--output FILE]`.

DATASET: recordings with human chapters, in the format of `moments eval`. Two steps: a logistic regression tells openings by the meaning
of a line and its surroundings; boosted trees weigh that with everything else. The trees see the regression's opinion of recordings it
was not fitted on. Every recording is used twice, with and without what is known of its turns, since many transcripts know nothing.
Cross-validated by recording; the figures go to stdout, the weights to the package.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from embedded import embedded
from moments_models.boundaries import scorer
from moments_models.boundaries.features import VERSION, Features, describe
from videomoments.evaluation.dataset import EvaluatedRecording, read_dataset

FOLDS = 4
ROUNDS = 250
TREES = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 16,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "seed": 7,
    "verbose": -1,
}
OUTPUT = Path(scorer.__file__).with_name(scorer.WEIGHTS)


@dataclass
class Example:
    """A recording with its turns, the same without, and which lines begin chapters."""

    known: Features
    unknown: Features
    begins: np.ndarray[Any, np.dtype[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder for sentence embeddings")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--cached-only", action="store_true", help="leave out recordings whose embeddings are not in the cache")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    examples = list(_examples(read_dataset(options.dataset), options.cache, cached_only=options.cached_only))
    lines = sum(len(one.begins) for one in examples)
    print(f"{len(examples)} recordings, {lines} lines, {sum(one.begins.sum() for one in examples):.0f} boundaries", flush=True)
    folds = [set(part.tolist()) for part in np.array_split(np.random.default_rng(7).permutation(len(examples)), FOLDS)]
    held_out = _openings_held_out(examples, folds)
    _cross_validate(examples, held_out, folds)
    opening = _fit_opening(examples)
    trees = _fit_trees(examples, held_out)
    arrays = exported(trees, opening, names=(*examples[0].known.names, "opening", "opening_standard"))
    _check(arrays, trees, examples[0])
    np.savez_compressed(options.output, **arrays)
    print(f"{options.output.name}: {options.output.stat().st_size / 1e3:.0f} kB, sha256 {_sha256(options.output)[:16]}")


def _examples(recordings: Sequence[EvaluatedRecording], cache: Path, *, cached_only: bool) -> Iterator[Example]:
    for recording, lines, vectors in embedded(recordings, cache, cached_only=cached_only):
        starts = np.array([line.start for line in lines])
        begins = np.zeros(len(lines))
        begins[[int(np.abs(starts - start).argmin()) for start in recording.starts]] = 1.0
        begins[0] = 0.0
        plain = [line.model_copy(update={"turn": None, "speaker": ""}) for line in lines]
        yield Example(describe(lines, vectors), describe(plain, vectors), begins)


def _fit_opening(examples: Sequence[Example]) -> LogisticRegression:
    model = LogisticRegression(C=0.02, max_iter=60)
    return model.fit(np.vstack([one.known.opening for one in examples]), np.concatenate([one.begins for one in examples]))


def _opinion(model: LogisticRegression, features: Features) -> Any:
    return features.opening @ model.coef_[0] + model.intercept_[0]


def _openings_held_out(examples: Sequence[Example], folds: Sequence[set[int]]) -> list[Any]:
    found: dict[int, Any] = {}
    for fold in folds:
        model = _fit_opening([one for at, one in enumerate(examples) if at not in fold])
        found |= {at: _opinion(model, examples[at].known) for at in fold}
    return [found[at] for at in range(len(examples))]


def _fit_trees(examples: Sequence[Example], openings: Sequence[Any]) -> lightgbm.Booster:
    pairs = list(zip(examples, openings, strict=True))
    table = np.vstack([scorer.with_opening(side, opening) for one, opening in pairs for side in (one.known, one.unknown)])
    begins = np.concatenate([one.begins for one in examples for _ in range(2)])
    return lightgbm.train(TREES, lightgbm.Dataset(table, begins), ROUNDS)


def _cross_validate(examples: Sequence[Example], openings: Sequence[Any], folds: Sequence[set[int]]) -> None:
    truth, known, unknown = [], [], []
    for fold in folds:
        inside = [at for at in range(len(examples)) if at not in fold]
        trees = _fit_trees([examples[at] for at in inside], [openings[at] for at in inside])
        for at in sorted(fold):
            truth.append(examples[at].begins)
            known.append(trees.predict(scorer.with_opening(examples[at].known, openings[at])))
            unknown.append(trees.predict(scorer.with_opening(examples[at].unknown, openings[at])))
    every = np.concatenate(truth)
    for name, predictions in (("with turns", known), ("without turns", unknown)):
        values = np.concatenate(predictions)
        ratio = values.sum() / every.sum()
        print(f"held out, {name}: average precision {average_precision_score(every, values):.3f}, expected over true count {ratio:.2f}")


def exported(trees: lightgbm.Booster, opening: LogisticRegression, *, names: Sequence[str]) -> dict[str, Any]:
    """The arrays that `scorer.BoundaryScorer` reads."""
    structures = [tree["tree_structure"] for tree in trees.dump_model()["tree_info"]]
    tables = [_nodes(structure) for structure in structures]
    widest = max(len(table) for table in tables)
    shape = (len(tables), widest)
    arrays: dict[str, Any] = {
        "feature": np.zeros(shape, np.int16),
        "threshold": np.zeros(shape),
        "missing_left": np.zeros(shape, bool),
        "left": np.zeros(shape, np.int16),
        "right": np.zeros(shape, np.int16),
        "value": np.zeros(shape),
    }
    for row, table in enumerate(tables):
        for column, node in enumerate(table):
            for field, value in node.items():
                arrays[field][row, column] = value
    return arrays | {
        "version": np.array(VERSION),
        "names": np.array(names),
        "depth": np.array(max(map(_depth, structures))),
        "opening": opening.coef_[0].astype(np.float32),
        "opening_bias": np.array(float(opening.intercept_[0])),
    }


def _nodes(structure: dict[str, Any]) -> list[dict[str, Any]]:
    """A tree as a list of nodes, the root first; leaves lead to themselves."""
    table: list[dict[str, Any]] = []

    def add(node: dict[str, Any]) -> int:
        at = len(table)
        table.append({})
        if "leaf_value" in node and "split_feature" not in node:
            table[at] = {"left": at, "right": at, "value": node["leaf_value"]}
            return at
        missing_left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0.0
        table[at] = {"feature": node["split_feature"], "threshold": node["threshold"], "missing_left": missing_left}
        table[at] |= {"left": add(node["left_child"]), "right": add(node["right_child"])}
        return at

    add(structure)
    return table


def _depth(node: dict[str, Any]) -> int:
    return 0 if "split_feature" not in node else 1 + max(_depth(node["left_child"]), _depth(node["right_child"]))


def _check(arrays: dict[str, Any], trees: lightgbm.Booster, example: Example) -> None:
    """The exported trees say what LightGBM's say."""
    ours = scorer.BoundaryScorer(arrays)
    for side in (example.known, example.unknown):
        table = ours.table(side)
        difference = np.abs(ours._trees.sum(table) - trees.predict(table, raw_score=True)).max()
        if difference > 1e-6:
            raise SystemExit(f"the export is wrong by {difference}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
