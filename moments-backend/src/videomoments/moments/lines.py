"""Divides a transcript into numbered, timed lines. Moments are chosen in lines, so that each starts and ends on a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from videomoments.inference.certainty import WORD_LEVEL, believed
from videomoments.inference.spacing import running_text, whole_words
from videomoments.inference.transcript import Segment, Word

__all__ = ["MAX_LINE_SECONDS", "PAUSE_SECONDS", "Line", "Segment", "Word", "build_lines", "lines_within", "words_near"]

# A silence this long always ends a line, so that a new topic never starts inside one.
PAUSE_SECONDS = 0.8
MAX_LINE_SECONDS = 25.0
MAX_LINE_CHARACTERS = 600
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_CLAUSE_END = (",", ";", ":", "—", "–", "，", "、", "；", "：")
_CLOSING = "\"'”’)]»」』"
_ABBREVIATIONS = frozenset(
    ["mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e.", "fig.", "jr.", "sr.", "u.s.", "u.k.", "a.m.", "p.m."]
)


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence-like stretch of speech, numbered from 1; times are seconds. `turn` and `speaker` say whose speech it is, where known.

    `confidence` is the mean of its words', or None where it is not known; `unsure` are its words of low confidence.
    """

    n: int
    start: float
    end: float
    text: str
    turn: int | None = None
    speaker: str = ""
    confidence: float | None = None
    unsure: tuple[str, ...] = ()


def build_lines(
    words: Sequence[Word],
    segments: Sequence[Segment] = (),
    *,
    pause: float = PAUSE_SECONDS,
    max_seconds: float = MAX_LINE_SECONDS,
) -> list[Line]:
    """Returns lines in order, numbered from 1. Every word lies in exactly one line. Without words, each segment is a line.

    A line ends at a pause of at least `pause` seconds and at the end of a sentence. A longer one than `max_seconds`, or 600 characters, is
    divided at its longest inner pause or clause end; a single word may be longer. What is written as one word ("3.5", "state-of-the-art")
    stays one, however many pieces the recogniser gave.
    """
    spoken = believed(whole_words(words))
    if not spoken:
        ordered = sorted((segment for segment in segments if segment.text.strip()), key=lambda segment: segment.start)
        return [Line(n, segment.start, segment.end, " ".join(segment.text.split())) for n, segment in enumerate(ordered, 1)]
    groups = (part for sentence in _sentences(spoken, pause) for part in _shortened(sentence, max_seconds))
    return [_line(n, group) for n, group in enumerate(groups, 1)]


def _line(n: int, words: Sequence[Word]) -> Line:
    unsure = tuple(dict.fromkeys(word.text for word in words if word.confidence is not None and word.confidence < WORD_LEVEL))
    known = [word.confidence for word in words if word.confidence is not None]
    mean = sum(known) / len(known) if known else None
    return Line(n, words[0].start, max(word.end for word in words), running_text(words), confidence=mean, unsure=unsure)


def _sentences(words: Sequence[Word], pause: float) -> Iterator[list[Word]]:
    current: list[Word] = []
    for word in words:
        if current and (word.start - current[-1].end >= pause or _ends_sentence(current[-1].text, word.text)):
            yield current
            current = []
        current.append(word)
    if current:
        yield current


def _ends_sentence(text: str, following: str) -> bool:
    bare = text.strip().rstrip(_CLOSING)
    if not bare.endswith(_SENTENCE_END):
        return False
    if bare.endswith(("...", "…")):
        # A speaker who trails off may go on with the sentence.
        return not following.strip()[:1].islower()
    # "Dr." and a single initial ("J.") end no sentence.
    initial = len(bare) == 2 and bare[1] == "." and bare[0].isupper() and bare != "I."
    return bare.lower() not in _ABBREVIATIONS and not initial


def _shortened(words: list[Word], max_seconds: float) -> Iterator[list[Word]]:
    """Yields `words` in parts of at most `max_seconds`, cut where a speaker would breathe."""
    pending = [words]
    while pending:
        part = pending.pop()
        characters = sum(len(word.text) + 1 for word in part)
        if len(part) == 1 or (part[-1].end - part[0].start <= max_seconds and characters <= MAX_LINE_CHARACTERS):
            yield part
            continue
        cut = max(range(1, len(part)), key=lambda index: _cut_score(part, index))
        pending += [part[cut:], part[:cut]]


def _cut_score(part: Sequence[Word], index: int) -> float:
    before, after = part[index - 1], part[index]
    gap = max(0.0, after.start - before.end)
    clause = 0.4 if before.text.rstrip().endswith(_CLAUSE_END) else 0.0
    # Prefers the middle: a line of one word is of no use.
    balance = 1.0 - abs(2 * index / len(part) - 1.0)
    return gap + clause + 0.5 * balance


def lines_within(lines: Sequence[Line], start: float, end: float) -> list[Line]:
    """Returns the lines that overlap [start, end), in seconds."""
    return [line for line in lines if line.start < end and line.end > start]


def words_near(words: Sequence[Word], edges: Sequence[float], reach: float = 8.0) -> list[Word]:
    """Returns the words within `reach` seconds of any of `edges`, in order."""
    return [word for word in words if any(word.start <= edge + reach and word.end >= edge - reach for edge in edges)]
