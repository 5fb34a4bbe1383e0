"""Makes titles from the words of a moment: what it is about and the rest of the recording is not.

Candidates are phrases and questions as they were said (`phrases`). They are ranked by how much more often their words occur here than
elsewhere (log-odds with an informative prior: Monroe, Colaresi and Quinn, 2008), and by how close their meaning is to that of the moment
and of its opening, by sentence embeddings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from moments_models.phrases import WORD, TitleCandidate, WordUsage, bare, candidates, is_name, stem, tells
from moments_models.stopwords import SMALL_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_LONGEST_TITLE = 8
_PRIOR = 60.0
"""Words of the whole recording that count as seen on either side before either is looked at."""
_RANKED = 30
"""Candidates per moment whose meaning is compared; the rest are too weak on words alone."""
_OPENING = 4
"""The first so many clauses of a moment are where people say what comes."""

_CONTRAST, _CENTRAL, _INTRODUCED, _GENERAL = 0.35, 0.7, 0.5, 0.15
"""What counts for a phrase: its words, closeness to the moment's meaning and to its opening's; against it: closeness to the recording's."""
_EARLY, _ASKED = 0.15, 0.2
"""Bonus of what is said at the moment's opening, and of a question that it answers."""
_TWO_WORDS, _TWO_PHRASES = 0.1, 0.25
"""What two candidates joined by "and" have to be better by than one alone."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A candidate in its most frequent form, and its score (0 to about 2)."""

    text: str
    key: tuple[str, ...]
    score: float
    opening: bool
    question: bool
    vector: NDArray[np.float32] | None = None


def titles(
    segments: Sequence[str],
    starts: Sequence[float],
    embed: Embed | None = None,
    *,
    elsewhere: Sequence[str] = (),
    centres: NDArray[np.float32] | None = None,
) -> list[str]:
    """Returns one title per segment: 2 to 8 words of its own in title case, no two equal.

    `starts` (seconds) name segments without usable words. `elsewhere` is the rest of what is said in the recording. `centres` has a unit
    vector of each segment's meaning, if known. Without `embed` words alone decide.
    """
    usage = WordUsage([*segments, *elsewhere])
    counts = [Counter(_content(text)) for text in segments]
    everything = sum(counts, Counter(word for text in elsewhere for word in _content(text)))
    ranked = [_by_words(text, _contrast(count, everything), usage) for text, count in zip(segments, counts, strict=True)]
    if embed is not None and segments:
        ranked = _by_meaning(segments, ranked, embed, centres)
    found: list[str] = []
    for text, phrases, start in zip(segments, ranked, starts, strict=True):
        taken = set(found)
        title = next((title for title in _options(phrases, text) if title not in taken), None)
        found.append(title or _plain(start, taken))
    return found


def title_case(phrase: str) -> str:
    """Returns a phrase with capitals for all but small words inside. Words that have capitals of their own stay unchanged."""
    words = phrase.split()

    def cased(index: int, word: str) -> str:
        if word.lower() in SMALL_WORDS and 0 < index < len(words) - 1:
            return word.lower()
        own_capitals = any(map(str.isupper, word)) and "-" not in word
        return word if own_capitals else word[:1].upper() + word[1:]

    return " ".join(cased(index, word) for index, word in enumerate(words))


def _content(text: str) -> list[str]:
    return [stem(word) for word in WORD.findall(text) if tells(word)]


def _contrast(count: Counter[str], everything: Counter[str]) -> dict[str, float]:
    """Returns for each stem by how many standard deviations it is more frequent here than in the rest, at least 0."""
    here, total = sum(count.values()), max(1, sum(everything.values()))
    found: dict[str, float] = {}
    for word, times in count.items():
        prior = _PRIOR * everything[word] / total
        inside, outside = times + prior, everything[word] - times + prior
        rest = max(total - here, 0) + _PRIOR
        delta = math.log(inside / max(here + _PRIOR - inside, 0.5)) - math.log(outside / max(rest - outside, 0.5))
        found[word] = max(0.0, delta / math.sqrt(1 / inside + 1 / outside))
    return found


def _by_words(text: str, contrast: dict[str, float], usage: WordUsage) -> list[Phrase]:
    """Returns the best phrases by their words, with scores from 0 to 1."""
    said: dict[tuple[tuple[str, ...], bool], list[TitleCandidate]] = {}
    for one in candidates(text, usage):
        if one.key:
            said.setdefault((tuple(map(stem, one.words)), one.question), []).append(one)
    found = [_phrase(forms, contrast) for forms in said.values()]
    highest = max((phrase.score for phrase in found), default=0.0) or 1.0
    found = [replace(phrase, score=phrase.score / highest) for phrase in found]
    return sorted(found, key=lambda phrase: (-phrase.score, phrase.text))[:_RANKED]


def _phrase(forms: Sequence[TitleCandidate], contrast: dict[str, float]) -> Phrase:
    one = forms[0]
    strength = [contrast.get(word, 0.0) for word in one.key]
    score = sum(strength) / len(strength) ** 0.6 * (1 + 0.35 * math.log(len(forms)))
    words = Counter(form.words for form in forms).most_common(1)[0][0]
    if is_name(words):
        score *= 1.15
    if not one.question and not is_name(words) and not any(form.nominal for form in forms):
        score *= 0.75  # never after "the" or "of": as likely a piece of a sentence as a name for anything
    first = min(form.clause for form in forms)
    return Phrase(" ".join(words), one.key, score, first < _OPENING, one.question)


def _by_meaning(
    segments: Sequence[str], ranked: list[list[Phrase]], embed: Embed, centres: NDArray[np.float32] | None
) -> list[list[Phrase]]:
    """Returns the phrases with closeness of meaning added to their scores, and with vectors, best first."""
    openings = embed(list(segments))  # a model reads no further than its first hundred words
    centres = openings if centres is None else centres
    vectors = embed([phrase.text for phrases in ranked for phrase in phrases])
    overall = centres.mean(axis=0)
    found: list[list[Phrase]] = []
    at = 0
    for phrases, centre, opening in zip(ranked, centres, openings, strict=True):
        rescored = []
        for phrase in phrases:
            vector = vectors[at]
            at += 1
            own, first = float(vector @ centre), float(vector @ opening)
            rest = float(vector @ overall) if len(segments) > 1 else 0.0
            score = _CONTRAST * phrase.score + _CENTRAL * own + _INTRODUCED * first - _GENERAL * rest
            score += (_EARLY if phrase.opening else 0.0) + (_ASKED if phrase.question else 0.0)
            rescored.append(replace(phrase, score=score, vector=vector))
        found.append(sorted(rescored, key=lambda phrase: (-phrase.score, phrase.text)))
    return found


def _options(ranked: list[Phrase], text: str) -> list[str]:
    """Returns titles to try, best first: phrases of at least two words, and pairs of phrases."""
    best = ranked[:12]
    spoken = f" {bare(text)} "
    options = [(phrase.score, phrase.text) for phrase in best if 2 <= len(phrase.text.split()) <= _LONGEST_TITLE]
    plain = [phrase for phrase in best if not phrase.question]
    for first_at, first in enumerate(plain[:6]):
        for second in plain[first_at + 1 :]:
            joined = f"{first.text} and {second.text}"
            if _alike(first, second, spoken) or len(joined.split()) > 6 or " and " in first.text + second.text:
                continue
            options.append((0.5 * first.score + 0.5 * second.score - (_TWO_WORDS if len(first.key) == 1 else _TWO_PHRASES), joined))
    sentences = {bare(sentence) for sentence in text.replace("!", ".").split(".")}
    ordered = sorted(options, key=lambda option: -option[0])
    return [title_case(option) for _, option in ordered if option.endswith("?") or bare(option) not in sentences]


def _alike(first: Phrase, second: Phrase, spoken: str) -> bool:
    """Returns whether two phrases share a word, are parts of one phrase, or mean nearly the same."""
    if set(first.key) & set(second.key):
        return True
    one, two = bare(first.text), bare(second.text)
    if f" {one} {two} " in spoken or f" {two} {one} " in spoken:
        return True
    return first.vector is not None and second.vector is not None and float(first.vector @ second.vector) > 0.75


def _plain(start: float, taken: set[str]) -> str:
    minutes, seconds = divmod(int(start), 60)
    title = f"Moment at {minutes}:{seconds:02d}"
    extra = 2
    while title in taken:
        title = f"Moment at {minutes}:{seconds:02d} ({extra})"
        extra += 1
    return title
