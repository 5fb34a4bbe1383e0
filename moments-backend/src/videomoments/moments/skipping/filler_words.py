"""Finds words that only fill: hesitations, discourse markers and false starts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from videomoments.moments.skipping.cue_languages import CueLanguage, language_of
from videomoments.moments.skipping.cue_phrases import Words, words_of

_SOUND = re.compile(r"\s*[\[(♪*][^\])♪*]*[\])♪*]\s*[.!]?\s*")
_SENTENCE_END = (".", "!", "?", "…", "-", "–", "—")
_PAUSE = (*_SENTENCE_END, ",", ";", ":")
_LONGEST_RESTART = 4


def filler_prefix(text: str, language: str = "") -> int:
    """Returns how many of the words of `text` (as `str.split` gives them) fill its beginning: "Um, so, uh, I I think" has four.

    A false start is a word or up to four words that are said again at once. Connectives that belong to the sentence ("So what is it?")
    do not count; of a text that is nothing but filler all words do.
    """
    cues = language_of([text], language)
    return prefix_length(text.split(), cues) if cues is not None else 0


def prefix_length(spoken: Sequence[str], cues: CueLanguage) -> int:
    """Returns the number of words that fill the beginning of `spoken`, words with their punctuation."""
    at = 0
    while at < len(spoken):
        step = _run(spoken, at, cues) or _restart(spoken, at) or _false_start(spoken, at, cues)
        if not step:
            break
        at += step
    return at


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


def _run(spoken: Sequence[str], at: int, cues: CueLanguage) -> int:
    """Returns the length of the run of hesitations and markers at `at`, 0 where they belong to the sentence."""
    words = tuple(" ".join(words_of(one)) for one in spoken[at : at + 12])
    length, surest = 0, 0
    while length < len(words) and words[length] != "":
        step = _marker(words, length, cues)
        if not step:
            break
        length += step
        last = spoken[at + length - 1]
        hesitates = any(word in cues.hesitations for word in words[length - step : length])
        # A marker fills where the speaker stops after it, or hesitates, or has hesitated or affirmed right before it.
        if hesitates or last.endswith(_PAUSE) or (length > step and _opens(words[:length], cues)):
            surest = length
    return surest


def _opens(words: Sequence[str], cues: CueLanguage) -> bool:
    return words[0] in cues.hesitations or words[0] in cues.affirmations


def _restart(spoken: Sequence[str], at: int) -> int:
    """Returns the length of a stretch that is said again at once."""
    plain = [" ".join(words_of(one)) for one in spoken[at : at + 2 * _LONGEST_RESTART]]
    for length in range(min(_LONGEST_RESTART, len(plain) // 2), 0, -1):
        first = plain[:length]
        # "Very, very good" and "no, no" mean what they say twice; a restart is of pronouns, articles and what follows them.
        if all(first) and first == plain[length : 2 * length] and (length > 1 or len(first[0]) <= 4) and first[0] not in _SAID_TWICE:
            return length
    return 0


_SAID_TWICE = frozenset(
    ["no", "yes", "very", "more", "ha", "bye", "go", "now", "long", "far", "si", "oui", "non", "nein", "sehr", "muy", "très"]
)


def _false_start(spoken: Sequence[str], at: int, cues: CueLanguage) -> int:
    """Returns the length of the sentence at `at` where it is a false start ("Where was I?") and another sentence follows."""
    for end in range(at + 1, min(at + 13, len(spoken))):
        if spoken[end - 1].endswith(_SENTENCE_END):
            words = words_of(" ".join(spoken[at:end]))
            return end - at if words and cues.false_starts.spans(words) else 0
    return 0
