"""Titles from the words of a segment: the phrase that says most about it and least about the rest."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from moments_models.stopwords import STOPWORDS

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*%?", re.UNICODE)
_CLAUSE = re.compile(r"[.!?;:,()\[\]\"“”—–]+(?:\s|$)")
_LONGEST_PHRASE = 4
_LONGEST_TITLE = 8
_SMALL_WORDS = frozenset({"a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_LINKS = frozenset({"of", "for", "in", "and", "to", "on", "with"})
"""Small words that may stand inside a phrase, never at its ends."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A candidate as it was said, its lower-case key, and how telling it is."""

    text: str
    key: tuple[str, ...]
    score: float


def titles(segments: Sequence[str], starts: Sequence[float]) -> list[str]:
    """One title per segment: 2 to 8 words in Title Case, no two alike. `starts` in seconds, for segments that have no words to use."""
    counts = [Counter(_content(text)) for text in segments]
    spread = Counter(word for one in counts for word in one)
    found: list[str] = []
    for text, count, start in zip(segments, counts, starts, strict=True):
        ranked = phrases(text, count, spread, len(segments))
        title = next((title for title in _combinations(ranked, text) if title not in found), None)
        found.append(title or _plain(start, found))
    return found


def phrases(text: str, count: Counter[str], spread: Counter[str], total: int) -> list[Phrase]:
    """Candidate phrases of a segment, best first. `count`: its words; `spread`: in how many of the `total` segments each word is."""
    said: dict[tuple[str, ...], list[str]] = {}
    for clause in _CLAUSE.split(text):
        for phrase in _phrases_of(clause):
            said.setdefault(tuple(_stem(word) for word in phrase), []).append(" ".join(phrase))

    def weight(stem: str) -> float:
        return (1 + math.log(max(1, count[stem]))) * math.log(1 + total / max(1, spread[stem])) if stem not in STOPWORDS else 0.0

    ranked: list[Phrase] = []
    for key, forms in said.items():
        content = [stem for stem in key if stem not in _LINKS]
        score = sum(weight(stem) for stem in content) / len(content) ** 0.6 * (1 + 0.5 * math.log(len(forms)))
        if any(form[0].isupper() and not _starts_sentence(text, form) for form in forms):
            score *= 1.25  # a name
        ranked.append(Phrase(Counter(forms).most_common(1)[0][0], key, score))
    ranked.sort(key=lambda phrase: (-phrase.score, text.find(phrase.text)))
    return ranked


def title_case(phrase: str) -> str:
    """Capitals for all but small words inside; words that have capitals of their own keep them."""
    words = phrase.split()
    return " ".join(
        word.lower()
        if word.lower() in _SMALL_WORDS and 0 < index < len(words) - 1
        else word
        if any(letter.isupper() for letter in word)
        else word[:1].upper() + word[1:]
        for index, word in enumerate(words)
    )


def _content(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text) if _tells(word)]


def _tells(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return lower not in STOPWORDS and len(lower) > 2 and any(letter.isalpha() for letter in lower)


def _stem(word: str) -> str:
    """Plural and singular are one word; nothing cleverer, because the words themselves become titles."""
    lower = word.lower().replace("’", "'").removesuffix("'s")
    if len(lower) > 4 and lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return lower[:-3] + "y" if lower.endswith("ies") and len(lower) > 5 else lower[:-1]
    return lower


def _phrases_of(clause: str) -> list[list[str]]:
    words = _WORD.findall(clause)
    tells = [_tells(word) for word in words]
    found: list[list[str]] = []
    for first in range(len(words)):
        if not tells[first]:
            continue
        for last in range(first, min(len(words), first + _LONGEST_PHRASE)):
            inside = range(first + 1, last)
            if tells[last] and all(tells[at] or words[at].lower() in _LINKS for at in inside):
                links = sum(not tells[at] for at in inside)
                if links <= 1:
                    found.append(words[first : last + 1])
    return found


def _starts_sentence(text: str, form: str) -> bool:
    at = text.find(form)
    return at <= 0 or text[:at].rstrip().endswith((".", "!", "?"))


def _combinations(ranked: list[Phrase], text: str) -> list[str]:
    """Titles to try, best first: a phrase of two words or more, else two phrases joined."""
    best = ranked[:12]
    options: list[tuple[float, str]] = []
    for phrase in best:
        if len(phrase.key) >= 2:
            options.append((phrase.score, phrase.text))
    for first_at, first in enumerate(best[:5]):
        for second in best[first_at + 1 :]:
            if set(first.key) & set(second.key) or len(first.key) + len(second.key) + 1 > _LONGEST_TITLE:
                continue
            options.append((0.72 * first.score + 0.3 * second.score, f"{first.text} and {second.text}"))
    sentences = {_bare(sentence) for sentence in re.split(r"[.!?]+", text)}
    return [title_case(option) for _, option in sorted(options, key=lambda option: -option[0]) if _bare(option) not in sentences]


def _bare(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _plain(start: float, taken: Sequence[str]) -> str:
    minutes, seconds = divmod(int(start), 60)
    title = f"Moment at {minutes}:{seconds:02d}"
    extra = 2
    while title in taken:
        title = f"Moment at {minutes}:{seconds:02d} ({extra})"
        extra += 1
    return title
