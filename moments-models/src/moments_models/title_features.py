"""Describes candidates for a title as numbers, for the chooser."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.phrases import WORD, TitleCandidate, bare, phrases, stem, tells
from moments_models.spoken import TaggedSentence, cleaned, sentences
from moments_models.title_sentences import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]
    Floats = NDArray[np.float64]
    Vectors = NDArray[np.float32]

VERSION = 1
KINDS = ("noun", "single", "joined", "linked", "doing", "how", "asked", "sentence")
_WEAK = ("sentence", "short", "single", "loose")
_PRIOR = 60.0
"""Words of the whole recording that count as seen on either side before either is looked at."""
_PHRASES, _SENTENCES, _SINGLE, _ENOUGH = 22, 7, 4, 3
"""Candidates of a moment whose meaning is compared; the rest are too weak on words alone."""
_OWN = ("i", "we", "you", "i'm", "we're", "i've", "my", "our", "your")
_NAMES = """
words letters keys contrast_mean contrast_most contrast_least contrast contrast_share times elsewhere here usual usual_least first
sentence_number opening begins named capitals inner_capitals upper digits whole own moment_words central introduced general specific
central_share introduced_share specific_share
"""
NAMES = (*KINDS, *_NAMES.split())
"""Of the features, in order."""


_THEME_TIMES, _THEME_SHARE = 8, 0.012
"""A word said so often, and of so large a share of the telling words, may be the recording's theme."""
_LONGER, _STANDS_OUT = 2, 1.0
"""In a recording so many times the moment; a word that stands out here by so many standard deviations is the moment's as well."""


@dataclass(frozen=True, slots=True)
class Described:
    """A candidate in its most frequent form, with its features and, where meanings are known, its unit vector.

    `theme`: it is what the whole recording is about, and says no more.
    """

    candidate: TitleCandidate
    contrast: float
    theme: bool
    row: Floats
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    sentences: list[TaggedSentence]
    contrast: dict[str, float]
    everything: Counter[str]
    total: int
    words: int


def describe(
    segments: Sequence[str], elsewhere: Sequence[str], embed: Embed | None = None, centres: NDArray[np.float32] | None = None
) -> list[list[Described]]:
    """Returns the candidates of each segment with their features. Without `embed` those of meaning are missing (NaN)."""
    counts = [Counter(_content(text)) for text in segments]
    everything = sum(counts, Counter(word for text in elsewhere for word in _content(text)))
    said = f" {bare(' . '.join(map(cleaned, (*segments, *elsewhere))))} "
    found = []
    for text, count in zip(segments, counts, strict=True):
        tagged = list(sentences(text))
        words = sum(len(one.words) for one in tagged)
        moment = _Moment(tagged, contrast(count, everything), everything, max(1, sum(everything.values())), words)
        found.append(_by_words(moment, said))
    return found if embed is None or not segments else _by_meaning(segments, found, embed, centres)


def _content(text: str) -> list[str]:
    return [stem(word) for word in WORD.findall(cleaned(text)) if tells(word)]


def contrast(count: Counter[str], everything: Counter[str]) -> dict[str, float]:
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


def _by_words(moment: _Moment, said: str) -> list[Described]:
    """Returns the best candidates by their words, each in its most frequent form."""
    forms: dict[tuple[str, ...], list[TitleCandidate]] = {}
    for number, sentence in enumerate(moment.sentences):
        for phrase in (*phrases(sentence, number), *shortened(sentence, number)):
            if phrase.key and (phrase.whole or phrase.kind in ("sentence", "short")):
                forms.setdefault((phrase.kind, *map(stem, phrase.words)), []).append(phrase)
    described = [_described(same, moment, said) for same in forms.values()]
    described.sort(key=lambda one: (-one.contrast, one.candidate.text))
    short = [one for one in described if one.candidate.kind not in _WEAK][:_PHRASES]
    # One noun says little, but more than nothing; "the network" is no title where there are phrases, unless it is said again and again.
    often = math.log(2) if len(short) > _ENOUGH else 0.0
    short += [one for one in described if one.candidate.kind == "single" and one.row[NAMES.index("times")] >= often][:_SINGLE]
    kept = short + [one for one in described if one.candidate.kind == "sentence"][:_SENTENCES]
    if not kept:
        kept = [one for one in described if one.candidate.kind in _WEAK]
    highest = max((one.contrast for one in kept), default=0.0) or 1.0
    for one in kept:
        one.row[NAMES.index("contrast_share")] = one.contrast / highest
    return kept


def _described(same: Sequence[TitleCandidate], moment: _Moment, said: str) -> Described:
    words = Counter(form.words for form in same).most_common(1)[0][0]
    one = next(form for form in same if form.words == words)
    strength = [moment.contrast.get(word, 0.0) for word in one.key]
    rates = [math.log((moment.everything[word] + 0.5) / moment.total) for word in one.key]
    combined = sum(strength) / len(strength) ** 0.6 * (1 + 0.35 * math.log(len(same)))
    whole = max(said.count(f" {bare(one.text)} "), len(same))
    first = min(form.sentence for form in same)
    capitals = [word[0].isupper() for word in one.words if tells(word)]
    values: dict[str, float] = {
        **{kind: float(one.kind == kind) for kind in KINDS},
        "words": len(one.words),
        "letters": len(one.text),
        "keys": len(one.key),
        "contrast_mean": sum(strength) / len(strength),
        "contrast_most": max(strength),
        "contrast_least": min(strength),
        "contrast": combined,
        "times": math.log(len(same)),
        "elsewhere": math.log1p(whole - len(same)),
        "here": len(same) / whole,
        "usual": sum(rates) / len(rates),
        "usual_least": min(rates),
        "first": first / max(1, len(moment.sentences)),
        "sentence_number": min(first, 12),
        "opening": first < 2,
        "begins": one.at < 2,
        "named": sum(form.named for form in same) / len(same),
        "capitals": sum(capitals) / max(1, len(capitals)),
        "inner_capitals": any(word[0].isupper() for form in same if form.at for word in form.words[:1]),
        "upper": any(word.isupper() and len(word) > 1 for word in one.words),
        "digits": any(map(str.isdigit, one.text)),
        "whole": sum(form.whole for form in same) / len(same),
        "own": one.words[0].lower() in _OWN,
        "moment_words": math.log(max(1, moment.words)),
    }
    row = np.array([values.get(name, math.nan) for name in NAMES])
    usual = max(_THEME_TIMES, _THEME_SHARE * moment.total)
    theme = moment.total > _LONGER * moment.words and all(
        moment.everything[word] >= usual and moment.contrast.get(word, 0.0) < _STANDS_OUT for word in one.key
    )
    return Described(one, combined, theme, row)


def _by_meaning(
    segments: Sequence[str], found: list[list[Described]], embed: Embed, centres: NDArray[np.float32] | None
) -> list[list[Described]]:
    """Returns the candidates with closeness of meaning added, and with vectors."""
    openings = embed([cleaned(text) or "." for text in segments])  # a model reads no further than its first hundred words
    centres = openings if centres is None else centres
    vectors = embed([one.candidate.text for several in found for one in several])
    overall = centres.mean(axis=0)
    at, described = 0, []
    for several, centre, opening in zip(found, centres, openings, strict=True):
        own = vectors[at : at + len(several)]
        at += len(several)
        described.append(_with_meaning(several, own, (centre, opening, overall if len(segments) > 1 else None)))
    return described


def _with_meaning(several: Sequence[Described], vectors: Vectors, near: tuple[Vectors, Vectors, Vectors | None]) -> list[Described]:
    centre, opening, overall = near
    if not several:
        return []
    central, introduced = vectors @ centre, vectors @ opening
    general = vectors @ overall if overall is not None else np.full(len(vectors), math.nan)
    specific = central - general
    values = {"central": central, "introduced": introduced, "general": general, "specific": specific}
    values |= {f"{name}_share": values[name] - values[name].max() for name in ("central", "introduced", "specific")}
    found = []
    for at, one in enumerate(several):
        row = one.row.copy()
        for name, column in values.items():
            row[NAMES.index(name)] = column[at]
        found.append(Described(one.candidate, one.contrast, one.theme, row, vectors[at]))
    return found
