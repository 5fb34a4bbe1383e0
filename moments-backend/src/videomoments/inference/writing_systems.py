"""Scripts that put no space between words, and the characters in them that may not be separated."""

from __future__ import annotations

import unicodedata

# Kana and Han: only these counted before transcripts stored the spaces of words, and those transcripts are still read so.
_KANA_AND_HAN = ((0x3040, 0x30FF), (0x3400, 0x9FFF))
_UNSPACED = (
    *_KANA_AND_HAN,
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3000, 0x303F),  # marks of Chinese and Japanese
    (0x31F0, 0x31FF),
    (0xA980, 0xA9DF),  # Javanese
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF01, 0xFF0F),  # full-width marks
    (0xFF1A, 0xFF1F),
    (0xFF61, 0xFF9F),
    (0x20000, 0x3FFFF),
)
_UNSPACED_FROM = 0x0E00
_NEVER_FIRST = frozenset("、。，．・：；？！）］｝」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ。၊။ฯๆ.,:;?!)]}”’»%")
# Vowels written before the consonant after which they are spoken, and those that attach to the one before them.
_LEADING = frozenset("เแโใไເແໂໃໄ")
_LEANING = frozenset("ะาำๅๆฯะາຳໆ")


def unspaced(character: str) -> bool:
    """Returns whether a character belongs to a script that puts no space between words."""
    code = ord(character)
    return code >= _UNSPACED_FROM and any(low <= code <= high for low, high in _UNSPACED)


def clings(before: str, character: str) -> bool:
    """Returns whether nothing may come between two characters: marks belong to their letter, and some Thai and Lao vowels to the next
    one."""
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d" or character in _LEANING or before in _LEADING


def may_cut(before: str, character: str) -> bool:
    """Returns whether a line may end between two letters that have no space between them."""
    return (unspaced(before) or unspaced(character)) and not clings(before, character) and character not in _NEVER_FIRST


def guessed(before: str, character: str) -> bool:
    """Returns whether a space probably stands between two words, by the last and first character."""
    return not (unspaced(before) and unspaced(character))


def guessed_of_stored(before: str, character: str) -> bool:
    """Returns the guess for stored words without `space_before`. Where it is wrong for other scripts, the space is stored with the word."""
    return not (_kana_or_han(before) and _kana_or_han(character))


def _kana_or_han(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _KANA_AND_HAN)
