"""Trains the chooser of titles: `python train_titles.py TALKS --cache DIR [--output FILE]`.

TALKS: recordings with human headings, in the format of `moments eval`. For stretches of human chapters it learns which candidate is most
like the human heading, in words (overlap of stems) and in meaning (cosine of sentence embeddings). Talks whose spans are judged are left
out (`title_spans.held_out`). Cross-validated by talk; the figures go to stdout, the weights to the package.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from title_spans import SEED, held_out, lines_in
from train_boundaries import exported_trees

from embedded import Cached
from moments_models import title_chooser
from moments_models.phrases import WORD, bare, stem
from moments_models.stopwords import STOPWORDS
from moments_models.title_features import NAMES, VERSION, Described, describe
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of, read_dataset

FOLDS, ROUNDS = 4, 200
MOMENTS = 5
"""Of a talk, at most."""
LENGTHS = (20.0, 100.0)
TREES = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 12,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "seed": 7,
    "verbose": -1,
}
OUTPUT = Path(title_chooser.__file__).with_name(title_chooser.WEIGHTS)
_NO_SUBJECT = """
introduction intro conclusion conclusions q&a questions question summary agenda overview background discussion demo outline acknowledgements
acknowledgments references motivation example examples other misc miscellaneous wrap up thanks audience qa
"""
NO_SUBJECT = frozenset(_NO_SUBJECT.split())
"""Words of headings that name an occasion."""
MEANING = [at for at, name in enumerate(NAMES) if name.startswith(("central", "introduced", "general", "specific"))]


@dataclass
class Moment:
    """The candidates of a moment: features, texts, and how like the human heading each is (0 to 1)."""

    talk: str
    heading: str
    texts: list[str]
    kinds: list[str]
    rows: np.ndarray[Any, np.dtype[np.float64]]
    target: np.ndarray[Any, np.dtype[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder for sentence embeddings")
    parser.add_argument("--talks", type=int, default=126)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    embed = Cached(options.cache)
    talks = read_dataset(options.dataset)
    left_out = held_out(talks)
    chosen = random.Random(SEED).sample(sorted((one for one in talks if one.id not in left_out), key=lambda one: one.id), options.talks)
    examples: list[Moment] = []
    for number, talk in enumerate(chosen, 1):
        examples += moments_of(talk, embed)
        print(f"{number} talks, {len(examples)} moments", end="\r", flush=True)
        (options.cache / "examples.pickle").write_bytes(pickle.dumps(examples))
    print(f"\n{len(examples)} moments, {sum(len(one.texts) for one in examples)} candidates", flush=True)
    cross_validate(examples)
    arrays = exported(fit(examples, ROUNDS))
    np.savez_compressed(options.output, **arrays)
    print(f"{options.output.name}: {options.output.stat().st_size / 1e3:.0f} kB, sha256 {_sha256(options.output)[:16]}")


def moments_of(talk: EvaluatedRecording, embed: Cached) -> Iterator[Moment]:
    """Yields stretches of a talk's chapters with their candidates: from a chapter's start, or from anywhere in it."""
    choice = random.Random(f"{SEED} {talk.id}")
    lines = lines_of(talk)
    chapters = sorted((chapter.start, chapter.title) for chapter in talk.chapters)
    stretches: list[tuple[int, int, str]] = []
    for at, (start, heading) in enumerate(chapters):
        end = chapters[at + 1][0] if at + 1 < len(chapters) else talk.duration
        if not set(bare(heading).split()) - NO_SUBJECT - STOPWORDS or end - start < LENGTHS[0]:
            continue
        length = min(choice.uniform(*LENGTHS), end - start)
        begin = start if choice.random() < 0.5 else choice.uniform(start, end - length)
        first, last = lines_in(lines, begin, begin + length)
        if not stretches or first >= stretches[-1][1]:
            stretches.append((first, last, heading))
    stretches = sorted(choice.sample(stretches, min(MOMENTS, len(stretches))))
    inside = {at for first, last, _ in stretches for at in range(first, last)}
    texts = [" ".join(line.text for line in lines[first:last]) for first, last, _ in stretches]
    elsewhere = [line.text for at, line in enumerate(lines) if at not in inside]
    means = [embed([line.text for line in lines[first:last]]).mean(axis=0) for first, last, _ in stretches]
    centres = np.array([mean / max(float(np.linalg.norm(mean)), 1e-9) for mean in means])
    headings = embed([heading for _, _, heading in stretches])
    for several, (_, _, heading), vector in zip(describe(texts, elsewhere, embed, centres), stretches, headings, strict=True):
        if len(several) > 2:
            target = np.array([likeness(one, heading, vector) for one in several])
            candidates = [one.candidate for one in several]
            rows = np.vstack([one.row for one in several])
            yield Moment(talk.id, heading, [one.text for one in candidates], [one.kind for one in candidates], rows, target)


def likeness(one: Described, heading: str, vector: Any) -> float:
    """Returns how like a heading a candidate is: half by its words, half by its meaning."""
    said = {stem(word) for word in WORD.findall(one.candidate.text.lower()) if word not in STOPWORDS}
    wanted = {stem(word) for word in WORD.findall(heading.lower()) if word not in STOPWORDS}
    overlap = 2 * len(said & wanted) / max(1, len(said) + len(wanted))
    return 0.5 * overlap + 0.5 * float(one.vector @ vector if one.vector is not None else 0.0)


def fit(examples: Sequence[Moment], rounds: int) -> lightgbm.Booster:
    """Returns trees for the likeness, above the moment's mean. One copy of each moment has no meanings known."""
    rows = np.vstack([one.rows for one in examples])
    blind = rows.copy()
    blind[:, MEANING] = np.nan
    target = np.concatenate([one.target - one.target.mean() for one in examples])
    weight = np.concatenate([np.full(len(one.target), 1 / len(one.target)) for one in examples])
    table, weights = np.vstack([rows, blind]), np.concatenate([weight, 0.3 * weight])
    data = lightgbm.Dataset(table, np.concatenate([target, target]), weight=weights / weights.mean(), feature_name=list(NAMES))
    return lightgbm.train(TREES, data, rounds)


def cross_validate(examples: Sequence[Moment]) -> None:
    """Prints the mean likeness of the candidate chosen by trees that never saw the talk, beside plain choices."""
    talks = sorted({one.talk for one in examples})
    order = np.random.default_rng(7).permutation(len(talks))
    folds = [{talks[at] for at in part} for part in np.array_split(order, FOLDS)]
    chosen, blind, words, central, best, mean = [], [], [], [], [], []
    for fold in folds:
        trees = fit([one for one in examples if one.talk not in fold], ROUNDS)
        for one in examples:
            if one.talk in fold:
                hidden = one.rows.copy()
                hidden[:, [at for at, name in enumerate(NAMES) if name.startswith(("central", "introduced", "general", "specific"))]] = (
                    np.nan
                )
                chosen.append(one.target[trees.predict(one.rows).argmax()])
                blind.append(one.target[trees.predict(hidden).argmax()])
                words.append(one.target[one.rows[:, NAMES.index("contrast")].argmax()])
                central.append(one.target[one.rows[:, NAMES.index("central")].argmax()])
                best.append(one.target.max())
                mean.append(one.target.mean())
    for name, values in (("trees", chosen), ("trees without meanings", blind), ("contrast", words), ("closest meaning", central)):
        print(f"held out, likeness of the first choice, {name}: {np.mean(values):.3f}")
    print(f"best candidate: {np.mean(best):.3f}, mean candidate: {np.mean(mean):.3f}")


def exported(trees: lightgbm.Booster) -> dict[str, Any]:
    """Returns the arrays that `title_chooser.TitleChooser` reads."""
    return exported_trees(trees) | {"version": np.array(VERSION), "names": np.array(NAMES)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
