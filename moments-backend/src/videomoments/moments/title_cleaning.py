"""Cleans titles and reasons. They come from models, so they are shown and never trusted."""

from __future__ import annotations

from videomoments.core.text import JOINERS, one_line, shortened, shows

MAX_TITLE = 120
MAX_REASON = 500


def clean_text(text: str, limit: int) -> str:
    """Returns `text` on one line and at most `limit` characters long, without characters that can't be printed or that `core.text` removes.

    A longer text is cut at a word and ends in an ellipsis. A text that shows nothing becomes empty.
    """
    # Twenty times the limit leaves room for what collapses; normalising a megabyte of title would only take time.
    line = one_line("".join(sign for sign in text[: limit * 20] if sign.isprintable() or sign.isspace() or sign in JOINERS))
    if len(line) <= limit:
        return line if shows(line) else ""
    cut = shortened(line, limit - 1)
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:-–—") + "…"


def clean_title(text: str) -> str:
    """Returns a title on one line, at most 120 characters, without Markdown marks or wrapping quotes. It may be empty."""
    title = clean_text(text.replace("**", ""), MAX_TITLE).strip("*_#` ")
    for opening, closing in ('""', "''", "“”", "«»"):
        if len(title) > 1 and title[0] == opening and title[-1] == closing and closing not in title[1:-1]:
            title = title[1:-1].strip()
    return title


def clean_reason(text: str) -> str:
    """Returns a reason on one line, at most 500 characters. It may be empty."""
    return clean_text(text, MAX_REASON)


def title_from_line(text: str) -> str:
    """Returns a title for a moment that a model left without one: the first eight words of what is said, or "Moment"."""
    words = clean_text(text, MAX_TITLE).split()
    return clean_title(" ".join(words[:8]) + ("…" if len(words) > 8 else "")) or "Moment"
