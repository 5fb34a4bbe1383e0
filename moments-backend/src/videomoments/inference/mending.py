"""Counts the corrections that a recogniser's answer needed. The counts are stored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Mended:
    """Counts words, and segments where the name says so. All counts are 0 for an answer that was right."""

    ends: int = 0
    """Ends that were missing or reached into the next word: cut to its start."""
    clamped: int = 0
    """Times outside the recording that were moved to its edge."""
    reordered: int = 0
    """Words that began before the one in front of them."""
    placed: int = 0
    """Words that came without a time, or with that of another: put between their neighbours."""
    from_segments: int = 0
    """Words of segments for which no words came: spread over their segment's time."""
    left_out: int = 0
    """Words that can't be read, or whose time makes no sense."""
    segments: int = 0
    """Segments whose times were cut or moved."""
    segments_left_out: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def __add__(self, other: Mended) -> Mended:
        return Mended(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def to_json(self) -> dict[str, int]:
        """Returns the counts that are not 0."""
        return {field.name: count for field in fields(self) if (count := getattr(self, field.name))}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Mended:
        known = {field.name for field in fields(cls)}
        return cls(**{name: int(count) for name, count in (stored or {}).items() if name in known})

    @property
    def message(self) -> str:
        """Returns what was corrected, as a sentence without its full stop, or an empty text."""
        said = [f"{count} {words[count > 1]}" for name, words in _WORDS.items() if (count := getattr(self, name))]
        return f"the recogniser's times were mended: {', '.join(said)}" if said else ""


NOT_MENDED = Mended()

_WORDS = {
    "ends": ("end cut to the next word", "ends cut to the next word"),
    "clamped": ("time moved into the recording", "times moved into the recording"),
    "reordered": ("word put in order of time", "words put in order of time"),
    "placed": (
        "word without a time of its own put between its neighbours",
        "words without a time of their own put between their neighbours",
    ),
    "from_segments": ("word timed by its sentence alone", "words timed by their sentence alone"),
    "left_out": ("word left out", "words left out"),
    "segments": ("sentence's time moved", "sentences' times moved"),
    "segments_left_out": ("sentence left out", "sentences left out"),
}
