"""Text from outside on its way to a terminal or a log: titles, file names and servers' words may hold what a terminal obeys."""

from __future__ import annotations

import re

# Controls of C0 and C1 but tab and line feed: an escape moves the cursor, renames the window, answers for the keyboard. Marks that turn
# the direction of writing show other words than are there. Joiners stay: words and emoji are written with them.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
_ENDS_OF_LINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def visible(text: str) -> str:
    """`text` without what a terminal obeys; every end of a line is a line feed. As wide on the screen as it was."""
    return _OBEYED.sub("", _ENDS_OF_LINES.sub("\n", text)) if _any(text) else text


def escaped(text: str) -> str:
    """`text` with what `visible` leaves out written as in Python (`\\x1b`): for logs, which are to show what was there."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text) if _any(text) else text


def _any(text: str) -> bool:
    """Whether there is anything to look for; most text is plain."""
    return not (text.isascii() and text.isprintable())
