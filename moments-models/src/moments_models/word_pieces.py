"""Turns a recogniser's pieces of text into words: what is a word, whether a space stands before it, and what belongs together."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from moments_models.engine_contract import Word

_DASHES = "-–—"
_CLOSERS = "\"'”’)]»"
_SENTENCE_END = (".", "?", "!", "…")
_UNSPACED = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),
    (0x1A20, 0x1AAF),
    (0x3000, 0x30FF),  # marks of Chinese and Japanese, kana
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFF9F),
    (0x20000, 0x3FFFF),
)


def is_unspaced(character: str) -> bool:
    """Returns whether a character belongs to a script that puts no space between words."""
    return any(low <= ord(character) <= high for low, high in _UNSPACED)


def written(piece: str, before: str | None) -> tuple[str, bool]:
    """Returns the text of a piece as a model writes it (" 3", ".5", " state", "-of"), and whether a space stands before it.

    `before` is the word in front of it: empty where there is none, None where another stretch of speech ended there. A dash that opens
    speech marks a change of speaker in the subtitles on which models were trained; nobody said it, so it is left out. Any other dash stays:
    "-of", "-5", one between clauses. The text is empty where nothing is left.
    """
    text, space = piece.strip(), piece[:1].isspace()
    opens = before == "" or (space and (before is None or before.rstrip(_CLOSERS).endswith(_SENTENCE_END)))
    if opens and (said := text.lstrip(_DASHES)) != text and not said[:1].isnumeric():
        return said.strip(), True
    return text, space


def running_text(words: Iterable[Word]) -> str:
    """Returns the words as running text, without a space before the first."""
    return "".join(f" {word.word}" if word.space_before else word.word for word in words).strip()


def is_glued(before: Word, word: Word) -> bool:
    """Returns whether two words are written as one: "3" and ".5", a letter and its marks. In scripts without spaces only the latter are."""
    if word.space_before:
        return False
    first = word.word[0]
    return unicodedata.category(first)[0] == "M" or not (is_unspaced(before.word[-1]) or is_unspaced(first))
