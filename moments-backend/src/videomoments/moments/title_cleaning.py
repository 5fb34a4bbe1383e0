"""Titles and reasons come from models: text to show, never to trust."""

from __future__ import annotations

from videomoments.core.text import JOINERS, one_line, shortened, shows

MAX_TITLE = 120
MAX_REASON = 500


def clean_text(text: str, limit: int) -> str:
    """`text` on one line without the signs that no text of ours keeps (`core.text`), nor any that can't be printed, at most `limit`
    characters.

    What is too long is cut at a word and ends in an ellipsis; what shows nothing is empty.
    """
    # Twenty times the limit leaves room for what collapses; a megabyte of title is not worth normalising.
    line = one_line("".join(sign for sign in text[: limit * 20] if sign.isprintable() or sign.isspace() or sign in JOINERS))
    if len(line) <= limit:
        return line if shows(line) else ""
    cut = shortened(line, limit - 1)
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:-–—") + "…"


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
