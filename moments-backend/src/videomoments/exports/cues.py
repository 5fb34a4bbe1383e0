"""Divides a transcript into subtitles: at most two lines of 42 characters, up to 7 seconds, ended at sentences and pauses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from videomoments.core.times import Interval
from videomoments.exports.recording import Recording
from videomoments.inference.spacing import running_text, spread_words, whole_words
from videomoments.inference.transcript import Word
from videomoments.inference.writing_systems import may_cut, unspaced

# About the limits of broadcasters and streaming services.
LINE_CHARACTERS = 42
MAX_CHARACTERS = 2 * LINE_CHARACTERS
MAX_SECONDS = 7.0
_SHORTEST_SECONDS = 1.0
_PAUSE_SECONDS = 0.7
INAUDIBLE = "[inaudible]"
"""Stands for speech that was not understood."""
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_CLAUSE_END = (*_SENTENCE_END, ",", ";", ":", "，", "、", "；", "：")
_CLOSING = "\"'”’)]»」』"


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. `text` has one or two lines; times are seconds."""

    start: float
    end: float
    text: str


def build_cues(recording: Recording) -> list[Cue]:
    """Returns the subtitles of the whole recording, in order and without overlaps. There are none without speech. Speech that was not
    understood is marked as such."""
    said = _said(recording)
    marks = [mark for part in recording.hearing.not_understood for mark in _marks(part, said)]
    return sorted([*said, *marks], key=lambda cue: cue.start)


def _marks(lost: Interval, said: Sequence[Cue]) -> Iterator[Cue]:
    """Yields a subtitle for each part of the stretch in which no words are shown."""
    at = lost.start
    for cue in said[bisect_right(said, at, key=lambda cue: cue.end) :]:
        if cue.start >= lost.end:
            break
        if cue.start - at >= _SHORTEST_SECONDS:
            yield Cue(at, cue.start, INAUDIBLE)
        at = cue.end
    if lost.end - at >= _SHORTEST_SECONDS:
        yield Cue(at, lost.end, INAUDIBLE)


def _said(recording: Recording) -> list[Cue]:
    words = whole_words(recording.words) or [word for segment in recording.segments for word in spread_words(segment)]
    found: list[Cue] = []
    groups = list(_grouped(words))
    for index, group in enumerate(groups):
        following = groups[index + 1][0].start if index + 1 < len(groups) else max(recording.duration, group[-1].end)
        # Words of a recogniser may overlap; subtitles must not.
        start = max(group[0].start, found[-1].end if found else 0.0)
        end = max(group[-1].end, start + 0.001)
        end = max(min(end, following), min(start + _SHORTEST_SECONDS, following), start + 0.001)
        found.append(Cue(start, end, _in_lines(running_text(group))))
    return found


def _grouped(words: Sequence[Word]) -> Iterator[list[Word]]:
    current: list[Word] = []
    for word in words:
        if current and _ends(current, word):
            head, current = _cut_at_clause(current) if not _natural(current, word) else (current, [])
            yield head
        current.append(word)
    if current:
        yield current


def _natural(current: Sequence[Word], following: Word) -> bool:
    """Returns whether a speaker ends here: at a pause, or at the end of a sentence that was shown long enough to be read."""
    last = current[-1]
    sentence = last.text.strip().rstrip(_CLOSING).endswith(_SENTENCE_END)
    return following.start - last.end >= _PAUSE_SECONDS or (sentence and last.end - current[0].start >= _SHORTEST_SECONDS)


def _ends(current: Sequence[Word], following: Word) -> bool:
    longer = sum(len(word.text) + 1 if word.space_before else len(word.text) for word in (*current, following))
    return _natural(current, following) or longer > MAX_CHARACTERS or following.end - current[0].start > MAX_SECONDS


def _cut_at_clause(words: list[Word]) -> tuple[list[Word], list[Word]]:
    """Cuts a full subtitle after its last clause if that leaves at least half of it, else at its end. Returns it and the rest."""
    for index in range(len(words) - 1, len(words) // 2, -1):
        if words[index - 1].text.strip().rstrip(_CLOSING).endswith(_CLAUSE_END):
            return words[:index], words[index:]
    for index in range(len(words) - 1, len(words) // 2, -1):
        # In scripts without spaces, a space ends a phrase.
        if words[index].space_before and unspaced(words[index - 1].text[-1]):
            return words[:index], words[index:]
    return words, []


def _in_lines(text: str) -> str:
    """Returns the text as one line, or as two of nearly the same length."""
    if len(text) <= LINE_CHARACTERS:
        return text
    pairs = enumerate(pairwise(text), 1)
    places = [at for at, (before, letter) in pairs if letter == " " or (before != " " and may_cut(before, letter))]
    if not places:
        return text
    middle = min(places, key=lambda index: abs(2 * index - len(text)))
    return f"{text[:middle]}\n{text[middle:].removeprefix(' ')}"
