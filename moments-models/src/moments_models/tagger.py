"""Tells the word class of each word of an English sentence: an averaged perceptron, trained by `training/train_tagger.py`.

Classes are those of Universal Dependencies (NOUN, VERB, ADJ and so on). It needs numpy alone. `tagger-1.md` is its card.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = "tagger-1.npz"
TOKEN = re.compile(r"\d+(?:,\d{3})+(?!\d)|[^\W_]+(?:[’'._/&-][^\W_]+)*[%+]*|[$€£#]|[^\w\s]+", re.UNICODE)
"""A word with what is inside it ("op_return", "doesn't", "2.5%"), or marks."""
MARK = "PUNCT"
_START = "-START-"
_NUMBER = re.compile(r"\d[\d.,]*%?$")


class Tagger:
    """Tags sentences from left to right, each word by itself, its neighbours and the two tags before it."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        self.tags = [str(tag) for tag in weights["tags"]]
        self._rows = {int(key): row for row, key in enumerate(weights["features"])}
        self._weights = np.vstack([np.asarray(weights["weights"], np.int32), np.zeros((1, len(self.tags)), np.int32)])

    def tag(self, words: Sequence[str]) -> list[str]:
        """Returns one class per token; marks are "PUNCT"."""
        found: list[str] = []
        missing = len(self._weights) - 1
        before, second = _START, _START
        for at, word in enumerate(words):
            if is_mark(word):
                tag = MARK
            else:
                rows = [self._rows.get(key, missing) for key in keys(features(words, at, before, second))]
                tag = self.tags[int(self._weights[rows].sum(axis=0).argmax())]
            found.append(tag)
            before, second = tag, before
        return found


def is_mark(token: str) -> bool:
    """Returns whether a token is no word."""
    return not any(map(str.isalnum, token))


def features(words: Sequence[str], at: int, before: str, second: str) -> Iterator[str]:
    """Yields what a word's class is told by."""
    word = _plain(words[at])
    last = _plain(words[at - 1]) if at else _START
    following = _plain(words[at + 1]) if at + 1 < len(words) else _START
    yield "w " + word
    yield f"wt {before} {word}"
    yield f"wn {word} {following}"
    yield "s3 " + word[-3:]
    yield f"s2t {word[-2:]} {before}"
    yield "p2 " + word[:2]
    yield "t " + before
    yield f"tt {second} {before}"
    yield "l " + last
    yield "n " + following
    yield f"n3 {following[-3:]} {before}"
    yield f"s3n3 {word[-3:]} {following[-3:]}"
    after = _plain(words[at + 2]) if at + 2 < len(words) else _START
    yield "a " + after
    yield f"c {_shape(words[at], first=at == 0)} {before}"


def keys(found: Iterator[str]) -> list[int]:
    """Returns the number under which each feature's weights are stored."""
    return [zlib.crc32(one.encode("utf-8", "surrogatepass")) for one in found]


def _plain(word: str) -> str:
    lower = word.lower().replace("’", "'")
    return "0" if _NUMBER.match(lower) else lower


def _shape(word: str, *, first: bool) -> str:
    if word.isupper() and len(word) > 1:
        return "upper"
    if word[:1].isupper():
        return "start" if first else "title"
    return "digits" if any(map(str.isdigit, word)) else "lower"


@lru_cache(maxsize=1)
def trained() -> Tagger:
    """Returns the tagger with the weights that ship with this package."""
    with files("moments_models").joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Tagger({name: arrays[name] for name in arrays.files})
