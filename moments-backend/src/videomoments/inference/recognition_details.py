"""What a recogniser reports beside the words: languages by stretch, speech that it did not understand, words that it dropped.

It is empty for recognisers that report nothing of the kind. Times are seconds from the start of the audio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from videomoments.core.times import Interval, short_clock

MOST_ROWS = 500
"""At most so many rows of each kind are stored; counts and sums go over all of them."""
_LONGEST_TEXT = 200
UNSURE = 0.5
"""Below this probability a language was guessed."""


@dataclass(frozen=True, slots=True)
class LanguageStretch:
    """A stretch in one language. `confidence` is 0 to 1, or None where a user named the language."""

    language: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DroppedWords:
    """Words that were recognised and left out, because probably nobody said them. `reason` is the recogniser's."""

    text: str
    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionDetails:
    """`dropped_words` counts all dropped words and `unheard_seconds` sums all speech that was not understood; the rows may be fewer."""

    languages: tuple[LanguageStretch, ...] = ()
    not_understood: tuple[Interval, ...] = ()
    dropped: tuple[DroppedWords, ...] = ()
    dropped_words: int = 0
    unheard_seconds: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.languages or self.not_understood or self.dropped or self.dropped_words)

    def moved(self, by: float) -> RecognitionDetails:
        """Returns the same details for audio that begins `by` seconds later."""

        return replace(
            self,
            languages=tuple(replace(row, start=_later(row.start, by), end=_later(row.end, by)) for row in self.languages),
            not_understood=tuple(replace(row, start=_later(row.start, by), end=_later(row.end, by)) for row in self.not_understood),
            dropped=tuple(replace(row, start=_later(row.start, by), end=_later(row.end, by)) for row in self.dropped),
        )

    def __add__(self, other: RecognitionDetails) -> RecognitionDetails:
        """Adds the details of the next part of a recording."""
        languages = list(self.languages)
        for part in other.languages:
            last = languages[-1] if languages else None
            if last is not None and last.language == part.language:
                known = [value for value in (last.confidence, part.confidence) if value is not None]
                languages[-1] = replace(last, end=part.end, confidence=max(known) if known else None)
            else:
                languages.append(part)
        return RecognitionDetails(
            tuple(languages[:MOST_ROWS]),
            (self.not_understood + other.not_understood)[:MOST_ROWS],
            (self.dropped + other.dropped)[:MOST_ROWS],
            self.dropped_words + other.dropped_words,
            round(self.unheard_seconds + other.unheard_seconds, 3),
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the details as JSON, empty where there are none."""
        return asdict(self) if self else {}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> RecognitionDetails:
        """Reads what `to_json` returned."""
        content = stored or {}
        return cls(
            tuple(LanguageStretch(**row) for row in content.get("languages", ())),
            tuple(Interval(**row) for row in content.get("not_understood", ())),
            tuple(DroppedWords(**row) for row in content.get("dropped", ())),
            int(content.get("dropped_words", 0)),
            float(content.get("unheard_seconds", 0.0)),
        )

    @classmethod
    def of_answer(cls, languages: Any, not_understood: Any, dropped: Any) -> RecognitionDetails:
        """Reads the details in a service's answer. Rows that can't be read are left out, because the words do not depend on them."""
        spoken = [LanguageStretch(row["language"][:20], *span, _share(row.get("confidence"))) for row, span in _rows(languages, "language")]
        lost = [Interval(*span) for _, span in _rows(not_understood)]
        left_out = [DroppedWords(row["text"], *span, str(row.get("reason", ""))[:20]) for row, span in _rows(dropped, "text")]
        return cls(
            tuple(spoken[:MOST_ROWS]),
            tuple(lost[:MOST_ROWS]),
            tuple(replace(row, text=row.text[:_LONGEST_TEXT]) for row in left_out[:MOST_ROWS]),
            sum(len(row.text.split()) for row in left_out),
            round(sum(row.end - row.start for row in lost), 3),
        )

    @property
    def remarks(self) -> list[str]:
        """Returns what a user should know, as sentences without their full stops."""
        said = []
        names = list(dict.fromkeys(part.language for part in self.languages))
        if len(names) > 1:
            said.append(f"more than one language is spoken: {', '.join(names)}")
        guessed = [part for part in self.languages if part.confidence is not None and part.confidence < UNSURE]
        if guessed:
            part = guessed[0]
            said.append(f"the language is uncertain ({part.language}, {part.confidence:.2f}): name it, and the words get better")
        if self.not_understood:
            places = ", ".join(f"{short_clock(part.start)}–{short_clock(part.end)}" for part in self.not_understood[:3])
            more = f" and {len(self.not_understood) - 3} more" if len(self.not_understood) > 3 else ""
            said.append(f"{self.unheard_seconds:.0f} s of speech were heard and not understood ({places}{more})")
        if self.dropped_words:
            words = "1 word was" if self.dropped_words == 1 else f"{self.dropped_words} words were"
            said.append(f"{words} recognised that nobody seems to have said, and left out")
        return said


NOTHING_SAID = RecognitionDetails()


def _rows(given: Any, *texts: str) -> list[tuple[Mapping[str, Any], tuple[float, float]]]:
    found = []
    for row in given if isinstance(given, Sequence) and not isinstance(given, str) else ():
        if isinstance(row, Mapping) and all(isinstance(row.get(name), str) for name in texts):
            start, end = _time(row.get("start")), _time(row.get("end"))
            if start is not None and end is not None:
                found.append((row, (start, max(start, end))))
    return found


def _time(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e9
    return float(value) if known else None


def _share(value: Any) -> float | None:
    seconds = _time(value)
    return seconds if seconds is not None and seconds <= 1 else None


def _later(seconds: float, by: float) -> float:
    return round(seconds + by, 3)
