"""Titles and reasons come from models: text to show, never to trust."""

from __future__ import annotations

import unicodedata

MAX_TITLE = 120
MAX_REASON = 500


def clean_text(text: str, limit: int) -> str:
    """`text` on one line without control, private, surrogate or direction-changing characters, at most `limit` characters.

    What is too long is cut at a word and ends in an ellipsis.
    """
    # Twice the limit leaves room for what collapses; a megabyte of title is not worth normalising.
    head = unicodedata.normalize("NFC", text[: limit * 20])
    kept = "".join(" " if character.isspace() else character for character in head if character.isspace() or _shown(character))
    line = " ".join(kept.split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:-–—") + "…"


def _shown(character: str) -> bool:
    category = unicodedata.category(character)
    # Cf holds the joiner that emoji and some scripts need, and the overrides that turn text around.
    return category not in ("Cc", "Cs", "Co", "Cn") and (category != "Cf" or character in "\u200c\u200d")


def clean_title(text: str) -> str:
    """A title for people: one line, at most 120 characters, without Markdown marks or wrapping quotes; may be empty."""
    title = clean_text(text.replace("**", ""), MAX_TITLE).strip("*_#` ")
    for opening, closing in ('""', "''", "“”", "«»"):
        if len(title) > 1 and title[0] == opening and title[-1] == closing and closing not in title[1:-1]:
            title = title[1:-1].strip()
    return title


def clean_reason(text: str) -> str:
    """A reason on one line, at most 500 characters; may be empty."""
    return clean_text(text, MAX_REASON)


def title_from_line(text: str) -> str:
    """A stand-in for a title that a model left out: the first words of what is said."""
    words = clean_text(text, MAX_TITLE).split()
    return clean_title(" ".join(words[:8]) + ("…" if len(words) > 8 else "")) or "Moment"
