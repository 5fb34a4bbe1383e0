"""File names for what people are given."""

from __future__ import annotations

import re
import unicodedata

_LENGTH = 60
# A file name has at most 255 bytes, and letters of other scripts have up to four.
_BYTES = 150


def slug(title: str, *, fallback: str = "video") -> str:
    """`title` as part of a file name: lower case letters and digits of any script, joined by dashes."""
    text = unicodedata.normalize("NFKC", title).lower()
    words = re.findall(r"[^\W_]+", text)
    joined = "-".join(words)[:_LENGTH]
    while len(joined.encode()) > _BYTES:
        joined = joined[:-1]
    return joined.strip("-") or fallback


def clip_name(number: int, title: str) -> str:
    """What the clip of the `number`-th moment is called, without its ending: `02-lighthouse-and-tower`."""
    return f"{number:02d}-{slug(title, fallback='moment')}"
