"""The languages in which skipped parts are recognised, and which of them a recording speaks. Their words are data: `en.toml` and so on."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from videomoments.moments.skipping.cue_phrases import PhraseFinder, Words, words_of

LANGUAGES: Final = ("en", "de", "es", "fr")
"""Codes of the languages with cue phrases (ISO 639-1)."""

# So many of a text's words must be the language's most frequent ones: English has about 0.35, another language under 0.08.
_LEAST_COMMON = 0.12
_NAMES = {"english": "en", "german": "de", "spanish": "es", "french": "fr"}
# Fewer words are no evidence of a language.
_FEW_WORDS = 50


@dataclass(frozen=True, slots=True)
class CueLanguage:
    """The cues of one language, ready to search with. `common` are its most frequent words, by which it is told from others."""

    code: str
    common: frozenset[str]
    hesitations: frozenset[str]
    markers: frozenset[str]
    affirmations: frozenset[str]
    marker_phrases: frozenset[Words]
    false_starts: PhraseFinder
    cues: PhraseFinder


@cache
def cue_phrases_of(code: str) -> Mapping[str, tuple[str, ...]]:
    """Returns the phrases of each group in a language of `LANGUAGES`, as they are written in its file."""
    return {name: tuple(phrases.splitlines()) for name, phrases in _data(code)["cues"].items()}


@cache
def cue_language(code: str) -> CueLanguage:
    """Returns the cues of a language of `LANGUAGES`."""
    data = _data(code)
    return CueLanguage(
        code,
        frozenset(data["common"].split()),
        frozenset(data["hesitations"].split()),
        frozenset(data["markers"].split()),
        frozenset(data["affirmations"].split()),
        frozenset(words_of(phrase) for phrase in data["marker_phrases"].splitlines()),
        PhraseFinder({"false_start": data["false_starts"].splitlines()}),
        PhraseFinder(cue_phrases_of(code)),
    )


@cache
def _data(code: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{code}.toml").read_text(encoding="utf-8"))


def language_of(texts: Iterable[str], language: str = "") -> CueLanguage | None:
    """Returns the cues for texts in `language`: a code as recognisers give it ("en", "de-AT", "english"), or "" where it is not known.

    An unknown language is told by its most frequent words; a text of a few words that tell nothing is read as English. Returns None for a
    language without cues.
    """
    code = language.strip().casefold().replace("_", "-").split("-")[0]
    code = _NAMES.get(code, code)
    if code and code != "und":
        return cue_language(code) if code in LANGUAGES else None
    counts = Counter(word for text in texts for word in words_of(text))
    spoken = counts.total()
    shares = {one: sum(counts[word] for word in cue_language(one).common) for one in LANGUAGES}
    best = max(LANGUAGES, key=lambda one: shares[one])
    if spoken and shares[best] >= _LEAST_COMMON * spoken:
        return cue_language(best)
    return cue_language("en") if spoken < _FEW_WORDS and best == "en" else None
