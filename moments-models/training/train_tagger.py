"""Trains the tagger of word classes: `python train_tagger.py TAGGED [--output FILE]`.

TAGGED has one passage a line, as JSON: [text, class, whether a space precedes it] of each token, as wink-nlp with its English model (both
MIT) writes it for the talks of the training set and the meetings with marks. What is learned is its choice, in a hundredth of its size.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from moments_models import tagger

SEED, ROUNDS, TOKENS = 7, 5, 420_000
HELD_OUT = 0.05
LEVELS, LEAST = 24.0, 26
"""Steps of a stored weight per unit, and those that a feature needs for one class to be kept: a third of the features, and three in a
thousand of the words."""
OUTPUT = Path(tagger.__file__).with_name(tagger.WEIGHTS)
Sentence = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tagged", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    options = parser.parse_args()
    choice = random.Random(SEED)
    sentences = [one for line in options.tagged.open() for one in _sentences(json.loads(line))]
    choice.shuffle(sentences)
    held = sentences[: round(len(sentences) * HELD_OUT)]
    taught: list[Sentence] = []
    for one in sentences[len(held) :]:
        # One in eight without capitals: recognisers and transcribers differ in them.
        taught.append([(word.lower(), tag) for word, tag in one] if choice.random() < 0.125 else one)
        if sum(map(len, taught[-1:])) and len(taught) % 1000 == 0 and sum(map(len, taught)) > options.tokens:
            break
    arrays = exported(*learn(taught, choice))
    np.savez_compressed(options.output, **arrays)
    ours = tagger.Tagger(arrays)
    pairs = [(tag, mine) for one in held[:1500] for (_, tag), mine in zip(one, ours.tag([word for word, _ in one]), strict=True)]
    words = [(tag, mine) for tag, mine in pairs if tag != tagger.MARK]
    print(f"{len(taught)} sentences, {len(arrays['features'])} features, {options.output.stat().st_size / 1e3:.0f} kB")
    print(f"agreement on held-out sentences: {sum(tag == mine for tag, mine in words) / len(words):.4f} of {len(words)} words")


def _sentences(tokens: list[list[Any]]) -> Iterator[Sentence]:
    """Yields sentences of our tokens: pieces without a space between them are one word, with the class of the first."""
    text, classes, at = "", [], 0
    for value, tag, spaced in tokens:
        text += " " * bool(spaced and text) + value
        classes.append((len(text) - len(value), tag))
    found: Sentence = []
    for match in tagger.TOKEN.finditer(text):
        while at + 1 < len(classes) and classes[at + 1][0] <= match.start():
            at += 1
        word, tag = match.group(), classes[at][1]
        found.append((word, tagger.MARK if tagger.is_mark(word) else "X" if tag in ("PUNCT", "SYM") else tag))
        if word[0] in ".?!":
            yield found
            found = []
    if found:
        yield found


def learn(sentences: list[Sentence], choice: random.Random) -> tuple[list[str], dict[int, Any]]:
    """Returns the tags and the mean weights of each feature over all steps of the training."""
    tags = sorted({tag for one in sentences for _, tag in one if tag != tagger.MARK})
    number = {tag: at for at, tag in enumerate(tags)}
    weights: dict[int, Any] = defaultdict(lambda: np.zeros(len(tags)))
    sums: dict[int, Any] = defaultdict(lambda: np.zeros(len(tags)))
    nothing = np.zeros(len(tags))
    step = 0
    for turn in range(ROUNDS):
        choice.shuffle(sentences)
        wrong = 0
        for one in sentences:
            words = [word for word, _ in one]
            before, second = "-START-", "-START-"
            for at, (_, tag) in enumerate(one):
                guess = tag
                if tag != tagger.MARK:
                    step += 1
                    found = tagger.keys(tagger.features(words, at, before, second))
                    guess = tags[int(np.sum([weights.get(key, nothing) for key in found], axis=0).argmax())]
                    if guess != tag:
                        wrong += 1
                        for key in found:
                            weights[key][number[tag]] += 1
                            weights[key][number[guess]] -= 1
                            sums[key][number[tag]] += step
                            sums[key][number[guess]] -= step
                before, second = guess, before
        print(f"round {turn + 1}: {wrong} wrong", flush=True)
    return tags, {key: weights[key] - sums[key] / step for key in weights}


def exported(tags: list[str], weights: dict[int, Any]) -> dict[str, Any]:
    """Returns the arrays that `tagger.Tagger` reads."""
    rounded = {key: np.clip(np.round(row * LEVELS), -127, 127).astype(np.int8) for key, row in weights.items()}
    kept = sorted(key for key, row in rounded.items() if np.abs(row.astype(int)).max() >= LEAST)
    return {
        "tags": np.array(tags),
        "features": np.array(kept, np.uint32),
        "weights": np.vstack([rounded[key] for key in kept]),
    }


if __name__ == "__main__":
    main()
