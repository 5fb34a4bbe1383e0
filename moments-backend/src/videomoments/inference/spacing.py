"""Decides where a space stands between words: as the recogniser says, or else by lists of scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from videomoments.inference.transcript import Segment, Word
from videomoments.inference.writing_systems import clings, guessed, guessed_of_stored, may_cut, unspaced

_JOINED_PAUSE = 0.8
_LONGEST_WHOLE = 80
"""Characters; what is longer without a space is an address, or a recogniser that gives no spaces at all."""


def spaced(words: Sequence[Word]) -> Iterator[tuple[bool, Word]]:
    """Yields for each word with text whether a space stands before it (never before the first), and the word with its text on one line."""
    last = ""
    carried: bool | None = False
    for word in words:
        text = " ".join(word.text.split())
        if not text:
            # A user emptied this word: its space stays.
            carried = True if carried or word.space_before else None if carried is None or word.space_before is None else False
            continue
        own = carried or word.space_before
        own = None if own is False and carried is None else own
        space = bool(last) and (guessed_of_stored(last, text[0]) if own is None else own)
        yield space, word if text == word.text else replace(word, text=text)
        last, carried = text[-1], False


def running_text(words: Sequence[Word]) -> str:
    """Returns the words as running text."""
    return "".join(f" {word.text}" if space else word.text for space, word in spaced(words))


def whole_words(words: Sequence[Word]) -> list[Word]:
    """Returns the words, joined where nothing may be cut between them: "3" and ".5", "state" and "-of", a letter and its marks.

    Scripts without spaces stay in the recogniser's pieces. Text and order stay the same; the times are those of the outer pieces, and every
    word says whether a space stands before it.
    """
    found: list[Word] = []
    for space, word in spaced(words):
        if not space and found and _belong(found[-1], word):
            found[-1] = _together(found[-1], word)
        else:
            found.append(replace(word, space_before=space))
    return found


def _belong(before: Word, word: Word) -> bool:
    last, first = before.text[-1], word.text[0]
    if word.start - before.end >= _JOINED_PAUSE or len(before.text) + len(word.text) > _LONGEST_WHOLE:
        return False
    return clings(last, first) or not (unspaced(last) or unspaced(first))


def _together(before: Word, word: Word) -> Word:
    heard = [each.confidence for each in (before, word) if each.confidence is not None]
    return replace(
        before,
        end=max(before.end, word.end),
        text=before.text + word.text,
        confidence=min(heard) if heard else None,
    )


def with_spaces(words: Sequence[Word], text: str, raw: Sequence[str]) -> list[Word]:
    """Returns the words in order, with `space_before` set, except where there is a space that `guessed_of_stored` finds too.

    What the recogniser said of a word stays. Otherwise `text`, the whole recognised text, decides where the word is found in it; else
    blanks in the words themselves (`raw`, as received: " 3", ".5"), where the recogniser writes them; else the script.
    """
    if all(word.space_before is not None for word in words):
        return list(words)
    in_text = _in_text(words, text)
    # Some recognisers put a blank before each word, some after it.
    blanks = [bool(own[:1].isspace() or before[-1:].isspace()) for before, own in zip(["", *raw], raw, strict=False)]
    tells = 3 * sum(blanks[1:]) >= len(blanks)
    found: list[Word] = []
    last = ""
    for word, seen, blank in zip(words, in_text, blanks, strict=True):
        space = word.space_before
        if space is None and last:
            known = seen if seen is not None else blank if tells else guessed(last, word.text[0])
            space = None if known and guessed_of_stored(last, word.text[0]) else known
        found.append(replace(word, space_before=space))
        last = word.text[-1]
    return found


def _in_text(words: Sequence[Word], text: str) -> list[bool | None]:
    """Returns for each word whether the text has a blank before it, or None where the text does not show it."""
    found: list[bool | None] = []
    at = 0
    lower = text.lower()
    if len(lower) != len(text):  # a letter that becomes two in lower case
        lower = text
    for word in words:
        piece = word.text if lower is text else word.text.lower()
        begin = at
        while begin < len(lower) and not lower.startswith(piece, begin) and not lower[begin].isalnum():
            begin += 1
        if not lower.startswith(piece, begin):
            begin = _again(lower, piece, at)
            found.append(True if begin > 0 and lower[begin - 1].isspace() else None)
        else:
            between = lower[at:begin]
            found.append(True if any(map(str.isspace, between)) else False if not between else None)
        at = at if begin < 0 else begin + len(piece)
    return found


def _again(text: str, piece: str, at: int) -> int:
    """Returns where a word next stands by itself in the text, at most 200 characters on, or -1."""
    begin = text.find(piece, at, at + 200)
    while begin >= 0:
        end = begin + len(piece)
        if not text[begin - 1 : begin].isalnum() and not text[end : end + 1].isalnum():
            return begin
        begin = text.find(piece, begin + 1, at + 200)
    return -1


def spread_words(segment: Segment) -> list[Word]:
    """Returns the words of a segment without word times, spread over it by their length. Scripts without spaces are divided by letters."""
    pieces = [(piece, n == 0) for word in segment.text.split() for n, piece in enumerate(_pieces(word))]
    letters = sum(len(piece) for piece, _ in pieces) or 1
    found: list[Word] = []
    at = segment.start
    for piece, space in pieces:
        end = min(segment.end, at + (segment.end - segment.start) * len(piece) / letters)
        found.append(Word(at, end, piece, space_before=space))
        at = end
    return found


def _pieces(word: str) -> list[str]:
    found = [word[0]]
    for before, character in pairwise(word):
        if may_cut(before, character):
            found.append("")
        found[-1] += character
    return found
