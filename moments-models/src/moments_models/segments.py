"""Divides timed words into sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moments_models.engine_contract import Word
from moments_models.word_pieces import is_glued, running_text

_PAUSE = 0.9
"""Seconds of silence that end a sentence without a full stop."""
_LONGEST = 30.0
_CLOSERS = "\"'”’)]»"
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "vs.", "e.g.", "i.e.", "etc.", "no.", "jr.", "sr."})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, with its times in seconds."""

    text: str
    start: float
    end: float


def segments(words: Sequence[Word]) -> list[Sentence]:
    """Returns sentences, cut after full stops, at pauses, and at a comma or the widest gap where one passes 30 s. Every word is in one of
    them.

    What is written as one word ("2", ".0", ".1") is cut at pauses alone.
    """
    found: list[Sentence] = []
    pending: list[Word] = []
    for index, word in enumerate(words):
        pending.append(word)
        following = words[index + 1] if index + 1 < len(words) else None
        if following is None or _ends_sentence(word, following):
            found.extend(Sentence(running_text(piece), piece[0].start, piece[-1].end) for piece in _pieces(pending))
            pending = []
    return found


def _ends_sentence(word: Word, following: Word) -> bool:
    pause = following.start - word.end
    text = word.word.rstrip(_CLOSERS)
    if pause >= _PAUSE:
        return True
    if is_glued(word, following) or text.lower() in _ABBREVIATIONS:
        return False
    return text.endswith((".", "?", "!", "…", "。", "？", "！"))


def _pieces(words: list[Word]) -> list[list[Word]]:
    if len(words) < 4 or words[-1].end - words[0].start <= _LONGEST:
        return [words]
    # Only the middle half: pieces then shrink fast, and none is a single word.
    inner: Sequence[int] = range(max(1, len(words) // 4), len(words) - len(words) // 4)
    comma = (",", ";", ":", "、", "，")
    inner = [index for index in inner if not is_glued(words[index - 1], words[index])] or list(inner)
    cut = max(inner, key=lambda index: words[index].start - words[index - 1].end + (0.5 if words[index - 1].word.endswith(comma) else 0.0))
    return _pieces(words[:cut]) + _pieces(words[cut:])
