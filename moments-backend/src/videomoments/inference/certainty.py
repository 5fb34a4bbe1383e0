"""Measures how surely words were recognised, by the recogniser's own confidence. Without a confidence nothing is known: absent is not low.

The levels treat confidences as chances of being right: docs/decisions/0053-how-surely-heard.md says where they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from videomoments.core.times import short_clock
from videomoments.inference.transcript import Word

WORD_LEVEL = 0.5
"""Below it a word is more likely wrong than right: hardly heard."""
STRETCH_LEVEL = 2 / 3
"""A mean below it: of three words one is likely wrong."""
STRETCH_WORDS = 25
"""Words over which a mean is taken: fewer tell little."""
FEWEST_WORDS = 5
_ALIKE = 10
"""So many words of the very same confidence were given a number, not a confidence."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch in seconds, and the mean confidence of the words in it."""

    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Certainty:
    """How surely a recording was recognised. `confidence` is the mean over its words, or None where none has any; `unsure` counts the words
    of low confidence; `stretches` are those below the level."""

    confidence: float | None
    words: int
    unsure: int
    stretches: tuple[Stretch, ...]

    @property
    def hard(self) -> bool:
        """Returns whether the recording as a whole is below the level."""
        return is_hard(self.confidence) and self.words >= FEWEST_WORDS

    @property
    def message(self) -> str:
        """Returns what a user should know, without the full stop, or an empty text where nothing was hard to hear."""
        if self.hard:
            return (
                f"this recording was hard to hear: {self.unsure} of {self.words} words are more likely wrong than right "
                f"(mean confidence {self.confidence:.2f})"
            )
        if not self.stretches:
            return ""
        named = ", ".join(f"{short_clock(stretch.start)}–{short_clock(stretch.end)}" for stretch in self.stretches[:_NAMED])
        more = f" and {len(self.stretches) - _NAMED} more" if len(self.stretches) > _NAMED else ""
        return f"hard to hear, one word of three likely wrong: {named}{more}"


def is_hard(confidence: float | None) -> bool:
    """Returns whether a mean confidence is known and below the level."""
    return confidence is not None and confidence < STRETCH_LEVEL


def believed(words: Sequence[Word]) -> list[Word]:
    """Returns the words, without confidences where all are equal: a recogniser that gives every word the same number measures nothing."""
    known = [word.confidence for word in words if word.confidence is not None]
    if len(known) >= _ALIKE and max(known) == min(known):
        return [replace(word, confidence=None) for word in words]
    return list(words)


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Returns the mean over the words that have a confidence, or None where fewer than five have one."""
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if len(known) >= FEWEST_WORDS else None


def confidence_of(words: Sequence[Word], start: float, end: float) -> float | None:
    """Returns the mean confidence of the words whose middle lies in [start, end), in seconds, or None."""
    return mean_confidence([word for word in words if start <= (word.start + word.end) / 2 < end])


def certainty_of(words: Sequence[Word]) -> Certainty:
    """Returns how surely a whole transcript was recognised."""
    known = [word for word in believed(words) if word.confidence is not None and word.text.strip()]
    values = [word.confidence or 0.0 for word in known]
    return Certainty(
        confidence=sum(values) / len(values) if values else None,
        words=len(values),
        unsure=sum(value < WORD_LEVEL for value in values),
        stretches=tuple(_stretches(known, values)),
    )


def _stretches(words: Sequence[Word], values: Sequence[float]) -> list[Stretch]:
    """Returns runs of words in windows below the level, from the first to the last word that is itself below it."""
    size = min(STRETCH_WORDS, len(values))
    if size < FEWEST_WORDS:
        return []
    sums = [0.0, *accumulate(values)]
    low = [False] * len(values)
    for first in range(len(values) - size + 1):
        if (sums[first + size] - sums[first]) / size < STRETCH_LEVEL:
            low[first : first + size] = [True] * size
    found: list[Stretch] = []
    at = 0
    while at < len(low):
        last = at
        while last < len(low) and low[last]:
            last += 1
        unsure = [index for index in range(at, last) if values[index] < STRETCH_LEVEL]
        if unsure:
            begin, end = unsure[0], unsure[-1] + 1
            found.append(Stretch(words[begin].start, words[end - 1].end, (sums[end] - sums[begin]) / (end - begin)))
        at = max(last, at + 1)
    return found
