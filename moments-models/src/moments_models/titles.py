"""Makes titles from the words of a moment: what it is about and the rest of the recording is not.

Candidates are phrases as they were said (`phrases`) and sentences shortened by rule (`title_sentences`). A chooser that was trained on
human headings (`title_chooser`) ranks them. Of a language other than English, titles are sentences in that language's own case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from moments_models import title_chooser
from moments_models.phrases import LONGEST, TitleCandidate
from moments_models.spoken import BREAK
from moments_models.stopwords import NEVER_LAST, SMALL_WORDS
from moments_models.title_features import NAMES, Described, describe
from moments_models.title_sentences import FOREIGN, first_strong

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from moments_models.title_features import Embed

_SENTENCE = re.compile(r"[^.!?…。！？]+[.!?…。！？]*")
_ENGLISH_WORDS = "the and of to is that you we it this are have was with what so i"
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_FEW_WORDS, _LEAST_ENGLISH = 20, 0.08
_SENTENCES = ("sentence", "short")
_LESS = {"single": 0.1, "short": 0.1, "loose": 0.15}
_COUNTED = 0.08
"""Taken from the chooser's score: of kinds that say little, and of phrases that begin with a number."""
_OFTEN = 0.04
"""Added for what stands out most among the words: headings do not always name it, but who reads a title looks for it."""


def titles(
    segments: Sequence[str],
    starts: Sequence[float],
    embed: Embed | None = None,
    *,
    elsewhere: Sequence[str] = (),
    centres: NDArray[np.float32] | None = None,
    language: str = "",
) -> list[str]:
    """Returns one title per segment, made of its own words, no two equal.

    A title is a phrase of 2 to 8 words in title case, or a shortened sentence of at most 10 words and 60 characters in the case of
    sentences. `starts` (seconds) name segments without usable words. `elsewhere` is the rest of what is said in the recording. `centres`
    has a unit vector of each segment's meaning, if known. Without `embed` words alone decide. `language` is a code like "en"; where it is
    empty, the words tell whether they are English.
    """
    if is_english(language, [*segments, *elsewhere]):
        options = [_options(described) for described in describe(segments, elsewhere, embed, centres)]
    else:
        options = [[(title, (title,)) for title in first_strong(list(_whole_sentences(text)))] for text in segments]
    found: list[str] = []
    keys: set[tuple[str, ...]] = set()
    for ranked, start in zip(options, starts, strict=True):
        fresh = [(title, key) for title, key in ranked if title not in found]
        # Of two titles with the same telling words ("Size of Blocks", "Block Size") only one is taken while there are others.
        best = next((one for one in fresh if one[1] not in keys), fresh[0] if fresh else None)
        found.append(best[0] if best else _plain(start, set(found)))
        keys.update([best[1]] if best else [])
    return found


def is_english(language: str, texts: Sequence[str]) -> bool:
    """Returns whether texts are English: by the language's code, or where there is none by their commonest words."""
    if language.strip():
        return language.strip().lower().startswith("en")
    words = [word.strip(".,?!;:").lower() for text in texts for word in text.split()]
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in FOREIGN for word in words)
    if len(words) < _FEW_WORDS:
        return foreign <= english and sum(word.isalpha() and not word.isascii() for word in words) * 4 <= len(words)
    return english >= max(foreign, _LEAST_ENGLISH * len(words))


def title_case(phrase: str) -> str:
    """Returns a phrase with capitals for all but small words inside. Words that have capitals of their own stay unchanged."""
    words = phrase.split()

    def cased(index: int, word: str) -> str:
        if word.lower() in SMALL_WORDS and 0 < index < len(words) - 1:
            return word.lower()
        if "-" in word.strip("-"):
            parts = word.split("-")
            small = [len(part) < 2 or (at > 0 and part in SMALL_WORDS) for at, part in enumerate(parts)]
            return "-".join(part if low else part[0].upper() + part[1:] for part, low in zip(parts, small, strict=True))
        own = any(map(str.isupper, word)) or any(map(str.isdigit, word))
        return word if own else word[:1].upper() + word[1:]

    return " ".join(cased(index, word) for index, word in enumerate(words))


def _options(described: Sequence[Described]) -> list[tuple[str, tuple[str, ...]]]:
    """Returns titles to try, best first, each with its significant words in order of the alphabet."""
    whole = [one for one in described if _usable(one.candidate)]
    # The recording's theme is better than a title that is only a time.
    usable = [one for one in whole if not one.theme] or whole
    if not usable:
        return []
    scores = title_chooser.trained().scores(np.vstack([one.row for one in usable]))
    often = [_OFTEN * one.row[NAMES.index("contrast_share")] for one in usable]
    worth = [score + bonus - _loss(one.candidate) for one, score, bonus in zip(usable, scores, often, strict=True)]
    ranked = sorted(zip(usable, worth, strict=True), key=lambda pair: (-pair[1], pair[0].candidate.text))
    return [(_written(one.candidate), tuple(sorted(set(one.candidate.key)))) for one, _ in ranked]


def _loss(one: TitleCandidate) -> float:
    return _LESS.get(one.kind, 0.0) + (_COUNTED if one.words[0][0].isdigit() else 0.0)


def _usable(one: TitleCandidate) -> bool:
    if one.kind in _SENTENCES:
        return True
    return one.whole and 2 <= len(one.words) <= LONGEST and one.words[-1].lower() not in NEVER_LAST


def _written(one: TitleCandidate) -> str:
    if one.kind not in _SENTENCES:
        return title_case(one.text)
    return one.text[:1].upper() + one.text[1:]


def _whole_sentences(text: str) -> Iterator[str]:
    """Yields the sentences of a text of which every word was heard."""
    for found in _SENTENCE.findall(text):
        if f" {BREAK} " not in f" {found} ":
            yield found.strip()


def _plain(start: float, taken: set[str]) -> str:
    minutes, seconds = divmod(int(start), 60)
    title = f"Moment at {minutes}:{seconds:02d}"
    extra = 2
    while title in taken:
        title = f"Moment at {minutes}:{seconds:02d} ({extra})"
        extra += 1
    return title
