"""Reads licences as SPDX writes them, and decides which of them may be shipped with VideoMoments.

An expression is read by the rules of SPDX 2.3, annex D: `WITH` binds closest, then `AND`, then `OR`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# A list of what is allowed: anything unknown is refused, and with it GPL, AGPL, SSPL and everything for non-commercial use only. MPL and
# EPL apply to their own files, which are used unchanged; OFL to a typeface.
MAY_SHIP = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BlueOak-1.0.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "EPL-2.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "OFL-1.1",
        "PostgreSQL",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
# Names used by packages that give no expression.
_ALIASES = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_TOKENS = re.compile(r"[()]|[^\s()]+")


def canonical(text: str) -> str | None:
    """Returns the expression in SPDX's spelling, or None for another text."""
    try:
        return canonicalize_license_expression(_ALIASES.get(text.strip(), text))
    except InvalidLicenseExpression:
        return None


def may_ship(expression: str) -> bool:
    """Returns whether one choice that the expression leaves is allowed in all its parts. What can't be read is not allowed."""
    known = canonical(expression)
    return known is not None and _Reader(_TOKENS.findall(known)).either()


def declared(metadata: Message) -> str | None:
    """Returns the licence that an installed package declares, as an expression, or None where it is missing or ambiguous."""
    expression = metadata.get("License-Expression")
    if expression:
        return canonical(expression)
    if (known := canonical(metadata.get("License") or "")) is not None:
        return known
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    return canonical(classifiers[0]) if len(classifiers) == 1 else None


class _Reader:
    """Reads an expression that `canonical` has accepted."""

    def __init__(self, tokens: list[str]) -> None:
        self._left = tokens

    def either(self) -> bool:
        return self._joined("OR", self._both, any)

    def _both(self) -> bool:
        return self._joined("AND", self._one, all)

    def _joined(self, word: str, read: Callable[[], bool], together: Callable[[list[bool]], bool]) -> bool:
        found = [read()]
        while self._left and self._left[0] == word:
            self._left.pop(0)
            found.append(read())
        return together(found)

    def _one(self) -> bool:
        token = self._left.pop(0)
        if token == "(":
            inside = self.either()
            self._left.pop(0)
            return inside
        if self._left and self._left[0] == "WITH":
            token = f"{token} WITH {self._left[1]}"
            del self._left[:2]
        return token in MAY_SHIP
