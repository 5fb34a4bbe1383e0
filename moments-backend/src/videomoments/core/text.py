"""Which signs a text keeps, the same at every way in: titles, names, prompts, corrected words, file names, answers of models and sites.

One table decides. What a user types is refused where it holds an unwanted sign, and the refusal names it (`checked_line`,
`checked_text`); what a stranger sent loses the sign (`cleaned`, `one_line`). Both come out in Unicode's form NFC, so that the same text is
the same everywhere. Joiners and direction marks stay: scripts and emoji need them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Between letters of many scripts, and between the parts of an emoji.
JOINERS = "\u200c\u200d"
_ZWJ = JOINERS[1]
# Embeddings, overrides and isolates: they turn around what stands behind them, on a page also what is not theirs.
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Deprecated format characters, and the frames of annotations.
_OBSOLETE = (*range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC))
_UNWANTED = frozenset(map(chr, (*_TURNING, *_OBSOLETE)))
# Letters and symbols that show nothing: fillers of Hangul, the empty pattern of Braille.
_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BYTE_ORDER_MARK = "\ufeff"
_MODIFIERS = ("\U0001f3fb", "\U0001f3ff")  # skin tones
_FLAGS = ("\U0001f1e6", "\U0001f1ff")
_TAGS = ("\U000e0020", "\U000e007f")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
_VIRAMA = 9  # the combining class of signs that join two consonants


def unwanted(sign: str) -> bool:
    """Whether no text of ours keeps it: control characters, lone halves of a pair, noncharacters, what turns text around."""
    code = ord(sign)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return True
    return sign in _UNWANTED or unicodedata.category(sign) in ("Cc", "Cs")


def shows(text: str) -> bool:
    """Whether there is anything in it to see."""
    return any(_visible(sign) for sign in text)


def cleaned(text: str) -> str:
    """A stranger's text, NFC, without unwanted signs. Tabs and line ends stay, other controls that are spaces become one."""
    return unicodedata.normalize("NFC", "".join(map(_clean_sign, text)))


def one_line(text: str) -> str:
    """A stranger's text as `cleaned`, on one line with single spaces; may be empty."""
    return " ".join(cleaned(text).split())


def whole_characters(document: str) -> str:
    """A JSON document in which each escaped lone half of a pair is U+FFFD: strict readers refuse the whole document for one."""
    return _ESCAPE.sub(lambda found: "\\ufffd" if found["half"] else found[0], document)


def checked_text(text: str) -> str:
    """Typed text of any number of lines, NFC, its lines ended by a line feed. Raises ValueError that names an unwanted sign."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace(_BYTE_ORDER_MARK, "")
    refuse_unwanted(unified, allowed="\t\n")
    return unicodedata.normalize("NFC", unified)


def checked_line(text: str) -> str:
    """Typed text on one line with single spaces, in which there is something to see, NFC. Raises ValueError that says what is wrong."""
    line = " ".join(text.replace(_BYTE_ORDER_MARK, "").split())
    refuse_unwanted(line)
    if not shows(line):
        raise ValueError("there is nothing to read in it")
    return unicodedata.normalize("NFC", line)


def refuse_unwanted(text: str, *, allowed: str = "") -> None:
    """Raises ValueError that names the first unwanted sign and its place."""
    for place, sign in enumerate(text, 1):
        if sign not in allowed and unwanted(sign):
            raise ValueError(f"{named(sign)} can't be kept: leave it out (character {place})")


def named(sign: str) -> str:
    """`U+202E (right-to-left override)`: for people who can't see it."""
    kinds = {"Cc": "control character", "Cs": "half of a character"}
    name = unicodedata.name(sign, "") or kinds.get(unicodedata.category(sign), "no character")
    return f"U+{ord(sign):04X} ({name.lower()})"


def shortened(text: str, limit: int, *, size: Callable[[str], int] = len) -> str:
    """The longest beginning of at most `limit` (characters, or whatever `size` counts) that cuts no letter from its marks."""
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
    """Whether both are part of what a reader takes for one letter or picture."""
    if unicodedata.category(after)[0] == "M" or after in JOINERS or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return True
    within = (_MODIFIERS[0] <= after <= _MODIFIERS[1]) or (_TAGS[0] <= after <= _TAGS[1])
    return within or all(_FLAGS[0] <= sign <= _FLAGS[1] for sign in (before, after))
