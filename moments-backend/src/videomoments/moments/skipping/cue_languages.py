"""The languages in which skipped parts are recognised, and which of them a recording speaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from videomoments.moments.skipping import english, french, german, spanish
from videomoments.moments.skipping.cue_phrases import PhraseFinder, Words, words_of

_SOURCES: Mapping[str, ModuleType] = {"en": english, "de": german, "es": spanish, "fr": french}
LANGUAGES = tuple(_SOURCES)
"""Codes of the languages with cue phrases (ISO 639-1)."""

# So many of a text's words must be the language's most frequent ones: English has about 0.35, another language under 0.08.
_LEAST_COMMON = 0.12
_NAMES = {"english": "en", "german": "de", "spanish": "es", "french": "fr"}


@dataclass(frozen=True, slots=True)
class CueLanguage:
    """The cues of one language, ready to search with."""

    code: str
    cues: PhraseFinder
    hesitations: frozenset[str]
    markers: frozenset[str]
    affirmations: frozenset[str]
    marker_phrases: frozenset[Words]
    false_starts: PhraseFinder


@cache
def cue_language(code: str) -> CueLanguage:
    """Returns the cues of a language of `LANGUAGES`."""
    source = _SOURCES[code]
    return CueLanguage(
        code,
        PhraseFinder(source.CUES),
        frozenset(source.HESITATIONS.split()),
        frozenset(source.MARKERS.split()),
        frozenset(source.AFFIRMATIONS.split()),
        frozenset(words_of(phrase) for phrase in source.MARKER_PHRASES),
        PhraseFinder({"false_start": source.FALSE_STARTS}),
    )


def language_of(texts: Iterable[str], language: str = "") -> CueLanguage | None:
    """Returns the cues for texts in `language`: a code as recognisers give it ("en", "de-AT", "english"), or "" where it is not known.

    An unknown language is told by its most frequent words. Returns None for a language without cues.
    """
    code = language.strip().casefold().replace("_", "-").split("-")[0]
    code = _NAMES.get(code, code)
    if code and code != "und":
        return cue_language(code) if code in _SOURCES else None
    counts = Counter(word for text in texts for word in words_of(text))
    spoken = counts.total()
    shares = {one: sum(counts[word] for word in source.COMMON.split()) / max(1, spoken) for one, source in _SOURCES.items()}
    best = max(shares, key=lambda one: shares[one])
    # A few words are no evidence of their own: what is short and not clearly another language is read as English.
    if shares[best] >= _LEAST_COMMON:
        return cue_language(best)
    return cue_language("en") if spoken < 50 and best == "en" else None
