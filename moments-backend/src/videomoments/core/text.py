"""Decides which characters a text may hold, the same for all input: titles, names, prompts, corrected words, file names, answers of models
and sites.

One table decides. Text that a user types is refused where it holds an unwanted character, and the error names it (`checked_line`,
`checked_text`). Other text loses the character (`cleaned`, `one_line`). Both return Unicode's form NFC, so that equal text is stored
equally. Joiners and direction marks stay: scripts and emoji need them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Between letters of many scripts, and between the parts of an emoji.
JOINERS = "\u200c\u200d"
_ZWJ = JOINERS[1]
# Embeddings, overrides and isolates: they reverse the text after them, on a page even text of others.
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Deprecated format characters, and marks of annotations.
_OBSOLETE = (*range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC))
_UNWANTED = frozenset(map(chr, (*_TURNING, *_OBSOLETE)))
# Letters and symbols that show nothing: fillers of Hangul, the empty pattern of Braille.
_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BYTE_ORDER_MARK = "\ufeff"
_MODIFIERS = ("\U0001f3fb", "\U0001f3ff")  # skin tones
_FLAGS = ("\U0001f1e6", "\U0001f1ff")
_TAGS = ("\U000e0020", "\U000e007f")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
_VIRAMA = 9  # the combining class of characters that join two consonants


def unwanted(sign: str) -> bool:
    """Returns whether text may not hold this character: controls, lone surrogates, noncharacters, and what reverses text."""
    code = ord(sign)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return True
    return sign in _UNWANTED or unicodedata.category(sign) in ("Cc", "Cs")


def shows(text: str) -> bool:
    """Returns whether the text shows anything."""
    return any(_visible(sign) for sign in text)


def cleaned(text: str) -> str:
    """Returns text from outside in NFC, without unwanted characters. Tabs and line ends stay; other whitespace controls become a space."""
    return unicodedata.normalize("NFC", "".join(map(_clean_sign, text)))


def one_line(text: str) -> str:
    """Returns text from outside as `cleaned` does, on one line with single spaces. May be empty."""
    return " ".join(cleaned(text).split())


def whole_characters(document: str) -> str:
    """Returns a JSON document in which each escaped lone surrogate is U+FFFD: strict readers refuse the whole document for one."""
    return _ESCAPE.sub(lambda found: "\\ufffd" if found["half"] else found[0], document)


def checked_text(text: str) -> str:
    """Returns typed text of any number of lines in NFC, with line feeds as line ends. Raises ValueError that names an unwanted
    character."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace(_BYTE_ORDER_MARK, "")
    refuse_unwanted(unified, allowed="\t\n")
    return unicodedata.normalize("NFC", unified)


def checked_line(text: str) -> str:
    """Returns typed text in NFC on one line with single spaces. Raises ValueError that names an unwanted character, or says that the text
    shows nothing."""
    line = " ".join(text.replace(_BYTE_ORDER_MARK, "").split())
    refuse_unwanted(line)
    if not shows(line):
        raise ValueError("there is nothing to read in it")
    return unicodedata.normalize("NFC", line)


def refuse_unwanted(text: str, *, allowed: str = "") -> None:
    """Raises ValueError that names the first unwanted character and its position."""
    for place, sign in enumerate(text, 1):
        if sign not in allowed and unwanted(sign):
            raise ValueError(f"{named(sign)} can't be kept: leave it out (character {place})")


def named(sign: str) -> str:
    """Returns `U+202E (right-to-left override)`, for users who can't see the character."""
    kinds = {"Cc": "control character", "Cs": "half of a character"}
    name = unicodedata.name(sign, "") or kinds.get(unicodedata.category(sign), "no character")
    return f"U+{ord(sign):04X} ({name.lower()})"


def shortened(text: str, limit: int, *, size: Callable[[str], int] = len) -> str:
    """Returns the longest beginning of at most `limit` (characters, or what `size` counts) that separates no letter from its marks."""
    end = min(len(text), limit)
    while end and size(text[:end]) > limit:
        end -= 1
    whole = end
    while 0 < whole < len(text) and _joined(text[whole - 1], text[whole]):
        whole -= 1
    return text[: whole or end]


def _clean_sign(sign: str) -> str:
    if sign == _BYTE_ORDER_MARK or unwanted(sign):
        return sign if sign in "\t\n\r" else " " if sign.isspace() else ""
    return sign


def _visible(sign: str) -> bool:
    category = unicodedata.category(sign)
    return (category[0] in "LNPS" or category in ("Co", "Cn")) and sign not in _EMPTY and not unwanted(sign)


def _joined(before: str, after: str) -> bool:
    """Returns whether both belong to what a reader sees as one letter or picture."""
    if unicodedata.category(after)[0] == "M" or after in JOINERS or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return True
    within = (_MODIFIERS[0] <= after <= _MODIFIERS[1]) or (_TAGS[0] <= after <= _TAGS[1])
    return within or all(_FLAGS[0] <= sign <= _FLAGS[1] for sign in (before, after))
