"""Finds words that only fill: hesitations, discourse markers and false starts."""

from __future__ import annotations

import re

from videomoments.moments.skipping.cue_languages import CueLanguage
from videomoments.moments.skipping.cue_phrases import Words, words_of

_SOUND = re.compile(r"\s*[\[(♪*][^\])♪*]*[\])♪*]\s*[.!]?\s*")


def only_fills(text: str, cues: CueLanguage | None) -> bool:
    """Tells whether `text` holds nothing but filler, or only the name of a sound ("[Applause]")."""
    if _SOUND.fullmatch(text):
        return True
    words = words_of(text)
    if cues is None or not words:
        return False
    if cues.false_starts.spans(words, filling(words, cues)):
        return True
    return filling(words, cues) == len(words)


def filling(words: Words, cues: CueLanguage) -> int:
    """Returns how many words at the beginning of `words` are hesitations, markers or affirmations."""
    at = 0
    while at < len(words):
        step = _marker(words, at, cues)
        if not step:
            break
        at += step
    return at


def _marker(words: Words, at: int, cues: CueLanguage) -> int:
    for phrase in cues.marker_phrases:
        if words[at : at + len(phrase)] == phrase:
            return len(phrase)
    return int(words[at] in cues.hesitations or words[at] in cues.markers or words[at] in cues.affirmations)
