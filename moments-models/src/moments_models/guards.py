"""Tests a recogniser's output: models invent words in silence and loop in noise.

The text alone proves nothing, because speakers repeat themselves too ("No, no, no, no!"). Words are invented where there is no voice in the
audio, where the model itself doubts them, or where they would be faster than anyone can speak.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_COMPRESSION = 2.4
"""Text that shrinks more than this when compressed repeats itself (the limit of Whisper's own decoder)."""
MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH = 0.6
MAX_SYLLABLES_PER_SECOND = 14.0
"""Fast talkers reach 9, auctioneers 11."""
_SHORTEST_RATED = 40
_FEW_SYLLABLES = 8
VOICED, _VOICELESS = 0.6, 0.25
"""Of the voice detector under the words (`Speech.voice`): above the first somebody speaks, below the second nobody does."""
_DOUBTFUL = 0.5
"""Mean probability of the words."""
_STRAINED = -0.85
"""Mean log-probability that is too little of what was heard after the decoder was stuck."""
_INSTANT = 0.03
"""Seconds. Alignment gives no sound to a word that was not said: it begins and ends at once."""
_ENDLESS = 4
"""So many instants in repetition are a decoder that found no end."""
_VOWELS = frozenset("aeiouyæœøıаеёиоуыэюяіїєαεηιουω")


class Reason(StrEnum):
    """The reason why words were left out."""

    NO_VOICE = "no_voice"
    UNSURE = "unsure"
    TOO_FAST = "too_fast"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class RecognisedStretch:
    """What a recogniser found in one stretch.

    `words`, `probabilities` and `durations` (seconds) are in order. `log_probability` is the mean of the tokens, `no_speech` the model's
    own probability that nobody speaks, `seconds` the length of the stretch, `voice` the voice detector's result for the words, 0 to 1.
    `disputed`: the decoder repeated itself, and found other words when it decoded the same audio in shorter pieces.
    """

    words: tuple[str, ...]
    probabilities: tuple[float, ...]
    durations: tuple[float, ...]
    log_probability: float
    no_speech: float
    seconds: float
    voice: float
    disputed: bool = False

    @property
    def confidence(self) -> float:
        return sum(self.probabilities) / len(self.probabilities) if self.probabilities else 0.0

    @property
    def text(self) -> str:
        return " ".join(self.words)


def why_invented(said: RecognisedStretch) -> Reason | None:
    """Returns why a stretch is not what somebody said, by its audio and its probability together, or None where it may be."""
    voiced = said.voice >= VOICED and said.confidence >= _DOUBTFUL and not said.disputed
    if said.disputed and (said.confidence < _DOUBTFUL or is_strained(said.log_probability, said.no_speech)):
        return Reason.UNSURE
    if said.log_probability < MIN_LOG_PROBABILITY and not voiced:
        return Reason.UNSURE
    if said.no_speech > MAX_NO_SPEECH and said.log_probability < MIN_LOG_PROBABILITY / 2 and not voiced:
        return Reason.UNSURE
    repeats = is_loop(said.words) or compression_ratio(said.text) > MAX_COMPRESSION
    if said.voice < _VOICELESS and (repeats or said.confidence < _DOUBTFUL or said.no_speech > MAX_NO_SPEECH):
        return Reason.NO_VOICE
    spoken = sum(syllables(word) for word in said.words)
    if spoken >= _FEW_SYLLABLES and spoken / max(said.seconds, 0.1) > MAX_SYLLABLES_PER_SECOND:
        return Reason.TOO_FAST
    return Reason.LOOP if repeats and not voiced else None


def is_strained(log_probability: float, no_speech: float) -> bool:
    """Returns whether a decoder that was stuck doubts its last result: a crowd, or speech in no language, sounds like a voice too."""
    return log_probability < _STRAINED or no_speech > MAX_NO_SPEECH


def is_endless(words: Sequence[str], durations: Sequence[float]) -> bool:
    """Returns whether the decoder ran on in repetition: the words after the real speech take no time."""
    return len(repeated_instants(words, durations)) >= _ENDLESS


def repeated_instants(words: Sequence[str], durations: Sequence[float]) -> list[int]:
    """Returns the indexes of words that take no time and only repeat earlier ones; at least two in a row, because one may be misaligned."""
    plain = _plain(words)
    found = [
        index
        for index in range(1, len(plain))
        if durations[index] < _INSTANT and any(plain[index] == plain[index - size] for size in range(1, min(6, index) + 1))
    ]
    known = set(found)
    return [index for index in found if index - 1 in known or index + 1 in known]


def syllables(word: str) -> int:
    """Estimates the syllables of a word: groups of vowels, characters of scripts that write syllables, and digits; at least 1."""
    count, inside = 0, False
    for letter in unicodedata.normalize("NFD", word.lower()):
        if unicodedata.combining(letter):
            continue
        vowel = letter in _VOWELS
        alone = letter.isdigit() or "\u3040" <= letter <= "\u9fff"
        count += alone or (vowel and not inside)
        # NFD divides Hangul: one leading consonant is one syllable.
        count += "\u1100" <= letter <= "\u1112"
        inside = vowel
    return max(1, count)


def compression_ratio(text: str) -> float:
    """Returns bytes of text over compressed bytes, or 0 for texts that are too short."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if len(data) >= _SHORTEST_RATED else 0.0


def is_loop(words: Sequence[str]) -> bool:
    """Returns whether one repeated n-gram of up to 6 words makes up most of a stretch of at least 5 words."""
    plain = _plain(words)
    return len(plain) >= 5 and any(_longest_run(plain, size) > len(plain) / 2 for size in range(1, min(6, len(plain) // 3) + 1))


def _plain(words: Sequence[str]) -> list[str]:
    return [word.strip(" .,!?;:-…").lower() for word in words]


def _longest_run(words: list[str], size: int) -> int:
    """Returns the words in the longest stretch that repeats its first `size` words at least three times (four times for a single word)."""
    longest = run = 0
    needed = size * (4 if size == 1 else 3)
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 0
        if run and run + size >= needed:
            longest = max(longest, run + size)
    return longest
