"""Titles from the words of a segment: the phrases that mean most of what it means, and least of what the rest means.

Candidates are noun-like phrases as they were said. They are ranked by how telling their words are here and not elsewhere (TF-IDF over
segments) and by how close their meaning is to the segment's (as KeyBERT does it, with the sentence embeddings at hand).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from moments_models.stopwords import AFTER_VERBS, BEFORE_VERBS, LINKS, SMALL_WORDS, STOPWORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_WORD = re.compile(r"[^\W_]+(?:[’'._-][^\W_]+)*%?", re.UNICODE)
_CLAUSE = re.compile(r"[.!?;:,()\[\]\"“”—–]+(?:\s|$)")
_LONGEST_PHRASE = 4
_LONGEST_TITLE = 8
_VERB_ENDINGS = ("ed", "anymore", "able")
_VERB_SHARE = 0.6
"""What a phrase that ends like a verb is worth."""
_RANKED = 24
"""Candidates per segment whose meaning is compared; the rest are too weak on words alone."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A candidate as it was said, the stems it is known by, and how telling it is (0 to about 2)."""

    text: str
    key: tuple[str, ...]
    score: float
    opening: bool
    vector: NDArray[np.float32] | None = None


def titles(segments: Sequence[str], starts: Sequence[float], embed: Embed | None = None) -> list[str]:
    """One title per segment: 2 to 8 words of its own in Title Case, no two alike.

    `starts` (seconds) name segments that have no words to use. Without `embed` words alone decide.
    """
    counts = [Counter(_content(text)) for text in segments]
    spread = Counter(word for one in counts for word in one)
    verbs = _verbs(segments)
    ranked = [_candidates(text, count, spread, len(segments), verbs) for text, count in zip(segments, counts, strict=True)]
    if embed is not None and segments:
        ranked = _by_meaning(segments, ranked, embed)
    found: list[str] = []
    for text, phrases, start in zip(segments, ranked, starts, strict=True):
        taken = set(found)
        title = next((title for title in _options(phrases, text) if title not in taken), None)
        found.append(title or _plain(start, taken))
    return found


def title_case(phrase: str) -> str:
    """Capitals for all but small words inside; words that have capitals of their own keep them."""
    words = phrase.split()

    def cased(index: int, word: str) -> str:
        if word.lower() in SMALL_WORDS and 0 < index < len(words) - 1:
            return word.lower()
        own_capitals = any(map(str.isupper, word)) and "-" not in word
        return word if own_capitals else word[:1].upper() + word[1:]

    return " ".join(cased(index, word) for index, word in enumerate(words))


def _candidates(text: str, count: Counter[str], spread: Counter[str], total: int, verbs: frozenset[str]) -> list[Phrase]:
    """The best phrases by their words, scores from 0 to 1."""
    said: dict[tuple[str, ...], list[str]] = {}
    first: dict[tuple[str, ...], int] = {}
    for number, clause in enumerate(_CLAUSE.split(text)):
        for phrase in _phrases_of(clause):
            key = tuple(_stem(word) for word in phrase)
            said.setdefault(key, []).append(" ".join(phrase))
            first.setdefault(key, number)

    def telling(stem: str) -> float:
        return (1 + math.log(max(1, count[stem]))) * math.log(1 + total / max(1, spread[stem]))

    found: list[Phrase] = []
    for key, forms in said.items():
        if len(key) > 2 and len(forms) < 2 and not _is_name(forms[0]):
            continue  # long and said once: as likely a piece of a sentence as a name for anything
        content = [stem for stem in key if stem not in LINKS]
        score = sum(telling(stem) for stem in content) / len(content) ** 0.6 * (1 + 0.5 * math.log(len(forms)))
        if _is_name(Counter(forms).most_common(1)[0][0]):
            score *= 1.2
        if key[-1] in verbs or key[-1].endswith(_VERB_ENDINGS):
            score *= _VERB_SHARE  # a piece of a sentence: "fork activate", "scaffold compared"
        found.append(Phrase(Counter(forms).most_common(1)[0][0], key, score, opening=first[key] <= 1))
    highest = max((phrase.score for phrase in found), default=1.0)
    found = [replace(phrase, score=phrase.score / highest) for phrase in found]
    return sorted(found, key=lambda phrase: (-phrase.score, phrase.text))[:_RANKED]


def _verbs(segments: Sequence[str]) -> frozenset[str]:
    """Stems that stand where verbs do, after "to", "can" or "we", in three of ten places or more."""
    total: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for text in segments:
        words = _WORD.findall(text)
        total.update(map(_stem, words))
        after.update(_stem(word) for before, word in pairwise(words) if before.lower() in BEFORE_VERBS)
    return frozenset(stem for stem, times in after.items() if times >= 0.3 * total[stem])


def _by_meaning(segments: Sequence[str], ranked: list[list[Phrase]], embed: Embed) -> list[list[Phrase]]:
    """Scores with the closeness of meaning added, and vectors, best first."""
    centres = embed(list(segments))
    vectors = embed([phrase.text for phrases in ranked for phrase in phrases])
    overall = centres.mean(axis=0)
    found: list[list[Phrase]] = []
    at = 0
    for phrases, centre in zip(ranked, centres, strict=True):
        rescored = []
        for phrase in phrases:
            vector = vectors[at]
            at += 1
            own, rest = (float(vector @ centre), float(vector @ overall) if len(segments) > 1 else 0.0)
            score = 0.45 * phrase.score + 1.2 * own - 0.3 * rest + (0.08 if phrase.opening else 0.0)
            rescored.append(replace(phrase, score=score, vector=vector))
        found.append(sorted(rescored, key=lambda phrase: (-phrase.score, phrase.text)))
    return found


def _content(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text) if _tells(word)]


def _tells(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    # Adverbs of manner name nothing.
    return lower not in STOPWORDS and len(lower) > 2 and any(map(str.isalpha, lower)) and not (len(lower) > 5 and lower.endswith("ly"))


def _stem(word: str) -> str:
    """Plural and singular are one word; nothing cleverer, because the words themselves become titles."""
    lower = word.lower().replace("’", "'").removesuffix("'s")
    if len(lower) > 4 and lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return lower[:-3] + "y" if lower.endswith("ies") and len(lower) > 5 else lower[:-1]
    return lower


def _is_name(form: str) -> bool:
    """Whether every word has a capital, as names do; one capital may be the sentence's."""
    words = [word for word in form.split() if word.lower() not in LINKS]
    return len(words) > 1 and all(word[0].isupper() for word in words)


def _phrases_of(clause: str) -> Iterator[list[str]]:
    """Runs of telling words, one link inside at most, that do not look like verbs where they stand."""
    words = _WORD.findall(clause)
    tells = [_tells(word) for word in words]
    for first in range(len(words)):
        before = words[first - 1].lower() if first else ""
        if not tells[first] or before in BEFORE_VERBS:
            continue
        for last in range(first, min(len(words), first + _LONGEST_PHRASE)):
            after = words[last + 1].lower() if last + 1 < len(words) else ""
            if not tells[last] or after in AFTER_VERBS or (last > first and words[last - 1].lower() == "to"):
                continue
            inside = range(first + 1, last)
            links = sum(not tells[at] for at in inside)
            if links <= 1 and all(tells[at] or words[at].lower() in LINKS for at in inside):
                yield words[first : last + 1]


def _options(ranked: list[Phrase], text: str) -> list[str]:
    """Titles to try, best first: a phrase of two words or more, else two phrases joined."""
    best = ranked[:12]
    spoken = f" {_bare(text)} "
    options = [(phrase.score + 0.12, phrase.text) for phrase in best if len(phrase.key) >= 2]
    for first_at, first in enumerate(best[:6]):
        for second in best[first_at + 1 :]:
            if _alike(first, second, spoken) or len(first.key) + len(second.key) + 1 > _LONGEST_TITLE:
                continue
            options.append((0.6 * first.score + 0.4 * second.score, f"{first.text} and {second.text}"))
    sentences = {_bare(sentence) for sentence in re.split(r"[.!?]+", text)}
    return [title_case(option) for _, option in sorted(options, key=lambda option: -option[0]) if _bare(option) not in sentences]


def _alike(first: Phrase, second: Phrase, spoken: str) -> bool:
    """Whether two phrases share a word, are parts of one phrase, or mean nearly the same."""
    if set(first.key) & set(second.key):
        return True
    one, two = _bare(first.text), _bare(second.text)
    if f" {one} {two} " in spoken or f" {two} {one} " in spoken:
        return True
    return first.vector is not None and second.vector is not None and float(first.vector @ second.vector) > 0.75


def _bare(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _plain(start: float, taken: set[str]) -> str:
    minutes, seconds = divmod(int(start), 60)
    title = f"Moment at {minutes}:{seconds:02d}"
    extra = 2
    while title in taken:
        title = f"Moment at {minutes}:{seconds:02d} ({extra})"
        extra += 1
    return title
