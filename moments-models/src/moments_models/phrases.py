"""Finds phrases of a text that could be titles, as they were said: noun phrases, gerunds ("Monitoring the Mempool"), short questions.

It uses no tagger: word classes where they are certain (`wordclasses`), and elsewhere how the recording itself uses a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from moments_models.stopwords import AFTER_VERBS, BEFORE_VERBS, LINKS, STOPWORDS
from moments_models.wordclasses import DETERMINERS, EMPTY_NOUNS, EVALUATING, VERBS

WORD = re.compile(r"[^\W_]+(?:[’'._-][^\W_]+)*%?", re.UNICODE)
_CLAUSE = re.compile(r"[.!?;:,()\[\]\"“”—–]+(?:\s|$)")
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_LONGEST = 4
"""Telling words of a phrase."""
_LEAD = re.compile(
    r"^(?:(?:so|and|but|ok|okay|well|right|yeah|yes|now|then|also|or|um|uh|oh|like|because|i mean|you know|all right|alright)\b[\s,]*)+",
    re.I,
)
_ASKS = re.compile(r"\b(?:what|why|how|who|which|where|when)(?:'s|’s)?\b", re.I)
_DEICTIC = """
i me my it its this that these those they them their he she his her there here one ones you'd i'm i'd it's that's mean say said think
thought guess know tell talk maybe so like just kind sort thing things stuff
"""
_POINTS = frozenset(_DEICTIC.split())
"""Words of a question that means something only where it was asked."""
_QUESTION_WORDS = (3, 8)
_ADJECTIVE = ("able", "ible", "ful", "less", "ous", "ive", "ish")
_GERUND = 6
_ARTICLES = frozenset({"the", "a", "an"})


@dataclass(frozen=True, slots=True)
class TitleCandidate:
    """A phrase that could be a title. `words` are as they were said, `key` has the stems of the significant ones; a `question` has its
    mark."""

    words: tuple[str, ...]
    key: tuple[str, ...]
    clause: int
    nominal: bool
    question: bool = False


class WordUsage:
    """Counts how a recording uses its words: after which words, and before which."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._total: Counter[str] = Counter()
        self._verbal: Counter[str] = Counter()
        self._modifies: Counter[str] = Counter()
        for text in texts:
            for clause in _CLAUSE.split(text):
                words = WORD.findall(clause)
                for at, word in enumerate(words):
                    key = stem(word)
                    self._total[key] += 1
                    self._verbal[key] += at > 0 and words[at - 1].lower() in BEFORE_VERBS
                    self._modifies[key] += at + 1 < len(words) and tells(words[at + 1])

    def is_verb(self, key: str) -> bool:
        """Returns whether a word follows "to", "can" or "we" in at least three of ten places."""
        return self._verbal[key] >= max(1.0, 0.3 * self._total[key])

    def only_modifies(self, key: str) -> bool:
        """Returns whether a significant word nearly always follows, as after "digital"."""
        return self._total[key] >= 4 and self._modifies[key] > 0.75 * self._total[key]


def candidates(text: str, usage: WordUsage) -> Iterator[TitleCandidate]:
    """Yields every candidate, once for each time that it was said."""
    for number, clause in enumerate(_CLAUSE.split(text)):
        words = WORD.findall(clause)
        for first, last in _noun_phrases(words, usage):
            start = _with_gerund(words, first)
            before = words[first - 1].lower() if first else ""
            nominal = before in DETERMINERS or before.endswith("'s")
            yield _candidate(words[first : last + 1], number, nominal=nominal)
            if start != first:
                yield _candidate(words[start : last + 1], number, nominal=True)
    yield from _questions(text)


def stem(word: str) -> str:
    """Returns the stem of a word: plural and singular are one. It is no cleverer, because the words themselves become titles."""
    lower = word.lower().replace("’", "'").removesuffix("'s")
    if len(lower) > 4 and lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return lower[:-3] + "y" if lower.endswith("ies") and len(lower) > 5 else lower[:-1]
    return lower


def tells(word: str) -> bool:
    """Returns whether a word says something about a subject."""
    lower = word.lower().replace("’", "'")
    # Adverbs of manner name nothing.
    return lower not in STOPWORDS and len(lower) > 2 and any(map(str.isalpha, lower)) and not (len(lower) > 5 and lower.endswith("ly"))


def is_name(words: Sequence[str]) -> bool:
    """Returns whether every word has a capital, as in names. One word does not count: its capital may be the sentence's."""
    own = [word for word in words if word.lower() not in LINKS]
    return len(own) > 1 and all(word[0].isupper() for word in own)


def bare(text: str) -> str:
    """Returns the words of a text alone, in lower case."""
    return " ".join(WORD.findall(text.lower()))


def _candidate(words: Sequence[str], clause: int, *, nominal: bool) -> TitleCandidate:
    return TitleCandidate(tuple(words), tuple(stem(word) for word in words if tells(word)), clause, nominal)


def _noun_phrases(words: Sequence[str], usage: WordUsage) -> Iterator[tuple[int, int]]:
    """Yields runs [first, last] of significant words that end like a noun, with at most one link ("of the") inside."""
    fits = [_may_be_inside(word) for word in words]
    for first, word in enumerate(words):
        before = words[first - 1].lower() if first else ""
        participle = word.lower().endswith(("ed", "ing")) and not (first and word[0].isupper())
        if not fits[first] or before in BEFORE_VERBS or (participle and before not in DETERMINERS):
            continue
        last, own, links = first, 0, 0
        while last < len(words) and own < _LONGEST:
            if fits[last]:
                own += 1
                if _may_end(words, last, usage):
                    yield first, last
                last += 1
            elif links == 0 and words[last].lower() in LINKS:
                links += 1
                last += 2 if last + 1 < len(words) and words[last + 1].lower() in _ARTICLES else 1
                if last >= len(words) or not fits[last]:
                    break
            else:
                break


def _may_be_inside(word: str) -> bool:
    lower = word.lower()
    return tells(word) and lower not in EVALUATING and stem(lower) not in EMPTY_NOUNS and (lower not in VERBS or word.isupper())


def _may_end(words: Sequence[str], at: int, usage: WordUsage) -> bool:
    word, after = words[at], words[at + 1].lower() if at + 1 < len(words) else ""
    lower = word.lower()
    if after in AFTER_VERBS or (at and words[at - 1].lower() in BEFORE_VERBS):
        return False
    if word.isupper() or (at and word[0].isupper()):
        return True
    if lower.endswith(_ADJECTIVE) or (lower.endswith(("ed", "ing")) and len(lower) > 4):
        return False
    return not usage.is_verb(stem(word)) and not usage.only_modifies(stem(word))


def _with_gerund(words: Sequence[str], first: int) -> int:
    """Returns where the phrase begins with its gerund ("monitoring the mempool"), or `first` where it has none."""
    at = first - 1
    if at >= 0 and words[at].lower() in _ARTICLES:
        at -= 1
    if at < 0:
        return first
    lower = words[at].lower()
    doing = lower.endswith("ing") and len(lower) >= _GERUND and _may_be_inside(lower)
    return at if doing else first


def _questions(text: str) -> Iterator[TitleCandidate]:
    """Yields short questions that can be understood without what was said before."""
    at = 0
    for sentence in _SENTENCE.findall(text):
        clause = at
        at += len(_CLAUSE.findall(sentence))
        if not sentence.endswith("?"):
            continue
        asked = _LEAD.sub("", sentence.strip().rstrip("?!. ")).rsplit(", ", 1)
        asked_part = asked[-1] if _ASKS.match(asked[-1]) else asked[0]
        words = asked_part.split()
        if not _ASKS.match(asked_part) or not _QUESTION_WORDS[0] <= len(words) <= _QUESTION_WORDS[1] or "," in asked_part:
            continue
        lower = [bare(word) for word in words]
        key = tuple(stem(word) for word in WORD.findall(asked_part) if _may_be_inside(word))
        if key and not _POINTS.intersection(lower) and lower[-1] not in LINKS:
            yield TitleCandidate((*words[:-1], words[-1] + "?"), key, clause, nominal=True, question=True)
