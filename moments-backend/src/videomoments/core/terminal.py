"""Makes text from outside safe for a terminal or a log: titles, file names and messages of servers may hold terminal control characters."""

from __future__ import annotations

import re

# Controls of C0 and C1 except tab and line feed: an escape sequence can move the cursor, rename the window, or enter text as the keyboard
# does. Direction marks show text in another order than it has. Joiners stay: words and emoji are written with them.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
_ENDS_OF_LINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def visible(text: str) -> str:
    """Returns `text` without what a terminal obeys; every end of a line is a line feed. Its width on the screen is unchanged."""
    return _OBEYED.sub("", _ENDS_OF_LINES.sub("\n", text)) if _any(text) else text


def escaped(text: str) -> str:
    """Returns `text` with the characters that `visible` removes written as in Python (`\\x1b`): logs should show what was there."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text) if _any(text) else text


def _any(text: str) -> bool:
    """Returns whether `text` may hold such characters; most text is plain."""
    return not (text.isascii() and text.isprintable())
