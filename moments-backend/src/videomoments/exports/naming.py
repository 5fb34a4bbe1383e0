"""Makes file names for users that Linux, macOS and Windows all keep unchanged."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from videomoments.core.text import JOINERS, one_line, shortened, shows


@dataclass(frozen=True, slots=True)
class Platform:
    """The limits of one system's file names: characters, whole names (whatever their ending) and last characters that it refuses, and the
    length in bytes of UTF-8."""

    signs: str
    names: frozenset[str] = frozenset()
    last: str = ""
    bytes: int = 255


_DEVICES = ("con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"))
PLATFORMS = {
    "linux": Platform("/\0"),
    "macos": Platform("/:\0"),
    # The limit is 255 units of UTF-16, which no name of 255 bytes of UTF-8 exceeds.
    "windows": Platform('<>:"/\\|?*\0', frozenset(_DEVICES), ". "),
}
_SIGNS = frozenset("".join(platform.signs for platform in PLATFORMS.values()))
_NAMES = frozenset(name for platform in PLATFORMS.values() for name in platform.names)
_LAST = "".join(platform.last for platform in PLATFORMS.values())
_LONGEST = 60
# Leaves room for a number, an ending and a folder's suffix within 255 bytes; some encrypted folders allow only 143.
_MOST_BYTES = 120
_STYLES = frozenset(map(chr, (*range(0xFE00, 0xFE10), 0x20E3)))  # how a digit or an emoji is drawn


def slug(title: str, *, fallback: str = "video") -> str:
    """Returns `title` as part of a file name: lower case letters with their marks and digits of any script, joined by dashes."""
    # The small letter of the Turkish İ is a plain i.
    text = one_line("".join(_narrow(sign) for sign in title)).replace("İ", "i").lower()
    words = [""]
    for sign in unicodedata.normalize("NFC", text):
        if sign in _STYLES:
            continue
        if unicodedata.category(sign)[0] in "LN" or (words[-1] and (sign in JOINERS or unicodedata.category(sign)[0] == "M")):
            words[-1] += sign
        elif words[-1]:
            words.append("")
    joined = "-".join(word for word in (word.strip(JOINERS) for word in words) if word)
    return _unreserved(_fitting(joined).strip("-" + JOINERS), fallback)


def clip_name(number: int, title: str) -> str:
    """Returns the file name of the `number`-th moment's clip, without its ending: `02-lighthouse-and-tower`."""
    return f"{number:02d}-{slug(title, fallback='moment')}"


def readable_name(title: str, *, fallback: str) -> str:
    """Returns `title` as a readable file name, without its ending. Characters that some system refuses become dashes."""
    text = "".join("-" if sign in _SIGNS else sign for sign in one_line(title))
    name = _fitting(text).strip(_LAST + JOINERS)
    return _unreserved(name if shows(name.replace("-", "")) else "", fallback)


def _fitting(name: str) -> str:
    return shortened(shortened(name, _LONGEST), _MOST_BYTES, size=lambda text: len(text.encode()))


def _unreserved(name: str, fallback: str) -> str:
    if not name:
        return fallback
    head, dot, rest = name.partition(".")
    return f"{head}-{fallback}{dot}{rest}" if head.strip().lower() in _NAMES else name


def _narrow(sign: str) -> str:
    """Returns a letter of full width as the plain one. Nothing else is decomposed, because that would take the letters of some scripts
    apart."""
    return unicodedata.normalize("NFKC", sign) if unicodedata.decomposition(sign).startswith("<wide>") else sign
