"""Recognises a chunk of speech, and does so again where the first result can't be what was said.

A decoder that finds no end gets shorter pieces. Speech for which it wrote nothing is decoded by itself. What is left out and what stays
without words is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

from moments_models.audio import RATE
from moments_models.engine_contract import DroppedWords, Task, Word
from moments_models.guards import (
    MAX_COMPRESSION,
    VOICED,
    Reason,
    RecognisedStretch,
    compression_ratio,
    is_endless,
    is_strained,
    repeated_instants,
    why_invented,
)
from moments_models.vad import LOOKED_INTO, TOLD, Chunk, Speech

_SHORTEST_PIECE = 4.0
"""Seconds; a shorter piece is not cut again."""
_MOST_CUTS = 3
_AGREEMENT = 0.6
"""Part of a hearing that another hearing of the same sound must have too."""
_SURE_ALONE = 0.5
"""Mean probability of words that were found only when their stretch was played by itself."""
_DOUBTFUL = 0.7
"""A passage whose words are less probable is heard badly, or in another language."""
_CLEAR_ENOUGH = 0.6
"""What the words of a passage need in a language that was guessed."""
_EDGE = 0.25
"""Seconds of sound added on either side of a stretch that is played by itself."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment as a decoder wrote it: words at their times in the recording, mean log-probability, and the probability that nobody
    speaks."""

    words: tuple[Word, ...]
    log_probability: float
    no_speech: float
    seconds: float
    disputed: bool = False
    """See `guards.RecognisedStretch`."""


class Decoder(Protocol):
    """A recogniser of one chunk."""

    def decode(self, chunk: Chunk, language: str, *, piece: bool, sampled: bool = False) -> list[Passage]:
        """Decodes a chunk. `piece` marks a chunk that is decoded again: its length limits the tokens. `sampled` asks for a result that does
        not repeat itself."""

    def languages(self, chunk: Chunk) -> dict[str, float]:
        """Returns the probability of each language, 0 to 1."""


@dataclass(slots=True)
class Take:
    """What was recognised in a stretch. `doubtful` are spans, in seconds, whose words are improbable, whether left out or not."""

    words: list[Word] = field(default_factory=list)
    dropped: list[DroppedWords] = field(default_factory=list)
    doubtful: list[tuple[float, float]] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    disputed: bool = False
    """Two hearings of it differed: to play its parts alone would only add words that nobody said."""

    def add(self, other: Take) -> None:
        self.words += other.words
        self.dropped += other.dropped
        self.doubtful += other.doubtful
        self.log_probabilities += other.log_probabilities

    def without(self, start: float, end: float) -> None:
        """Removes the words in the middle of that span (seconds), and improbable ones that reach into it."""

        def inside(word: Word) -> bool:
            reaches = word.confidence < _DOUBTFUL and word.end > start and word.start < end
            return reaches or start <= (word.start + word.end) / 2 <= end

        self.words = [word for word in self.words if not inside(word)]
        self.dropped = [part for part in self.dropped if not start <= (part.start + part.end) / 2 <= end]

    def confidence(self, start: float, end: float) -> float:
        """Returns the mean probability of the words in a span (seconds), or 0 without any."""
        inside = [word.confidence for word in self.words if start <= (word.start + word.end) / 2 <= end]
        return sum(inside) / len(inside) if inside else 0.0


class Listener:
    """Recognises the chunks of one recording."""

    def __init__(self, decoder: Decoder, speech: Speech, task: Task) -> None:
        self._decoder = decoder
        self._speech = speech
        self._task = task
        self.guessed: str | None = None
        """A language that was guessed rather than heard: what reads badly in it was not understood."""

    def hear(self, chunk: Chunk, language: str, *, piece: bool = False) -> Take:
        """Returns the words of the chunk in that language, without those that nobody said. `piece`: it was decoded before, in a longer
        chunk."""
        take = Take()
        for passage in self._heard(chunk, language, _MOST_CUTS, piece=piece):
            judge(passage, self._speech, take, strict=language == self.guessed)
        return take

    def _heard(self, chunk: Chunk, language: str, cuts: int, *, piece: bool) -> list[Passage]:
        """Returns what the decoder writes. Where that repeats itself while somebody speaks, decodes the chunk again.

        A decoder that found no end gets halves, and their halves, until it ends. A result that ended is right where the halves say the
        same; the halves are right where they say the same as each other. Otherwise nothing can be trusted: the chunk is sampled anew and
        judged more strictly.
        """
        self._task.check()
        passages = self._decoder.decode(chunk, language, piece=piece)
        words = _words(passages)
        endless = any(is_endless([w.word for w in p.words], [w.end - w.start for w in p.words]) for p in passages)
        stuck = endless or compression_ratio(" ".join(word.word for word in words)) > MAX_COMPRESSION
        if not stuck or voice_under(words, self._speech) < VOICED:
            return passages
        if chunk.length <= (_SHORTEST_PIECE if endless else 2 * _SHORTEST_PIECE) * RATE:
            return _strained(passages)
        if not cuts:
            return self._sampled(chunk, language, piece=piece) if endless else passages
        # A text that repeats itself and ends needs a second opinion, not shorter and shorter pieces.
        deeper = cuts - 1 if endless else 0
        first, second = (self._heard(half, language, deeper, piece=True) for half in self._speech.halves(chunk))
        halves = [*first, *second]
        if not endless and _same_words(passages, halves):
            return passages
        alike = _same_words(first, second) and _same_words(second, first)
        return _strained(halves) if endless or alike else self._sampled(chunk, language, piece=piece)

    def _sampled(self, chunk: Chunk, language: str, *, piece: bool) -> list[Passage]:
        return [replace(passage, disputed=True) for passage in self._decoder.decode(chunk, language, piece=piece, sampled=True)]

    def unexplained(self, chunk: Chunk, take: Take, shortest: float = TOLD) -> list[tuple[float, float]]:
        """Returns the stretches of speech in the chunk that have no words, in seconds."""
        explained = [(word.start, word.end) for word in take.words]
        return self._speech.unexplained(chunk.pieces[0].start / RATE, chunk.end / RATE, explained, shortest)

    def complete(self, chunk: Chunk, take: Take, language: str) -> list[tuple[float, float]]:
        """Decodes speech without words by itself, and adds the words that are then clear. Returns what is still without words, in
        seconds."""
        for start, end in [] if take.disputed else self.unexplained(chunk, take, LOOKED_INTO):
            self._task.check()
            found = self.hear(self._speech.piece(max(0.0, start - _EDGE), end + _EDGE), language, piece=True)
            words = [word for word in found.words if start - _EDGE <= (word.start + word.end) / 2 <= end + _EDGE]
            if words and sum(word.confidence for word in words) / len(words) >= _SURE_ALONE:
                take.words = sorted(take.words + _new(words, take.words), key=lambda word: word.start)
            else:
                take.dropped += _dropped(found.words, Reason.UNSURE)
                take.dropped += found.dropped
        return self.unexplained(chunk, take)


def judge(passage: Passage, speech: Speech, take: Take, *, strict: bool = False) -> None:
    """Adds a passage to `take`: words that somebody said, and as dropped those that nobody did. `strict`: doubt is enough to drop them."""
    words = list(passage.words)
    instants = set(repeated_instants([word.word for word in words], [word.end - word.start for word in words]))
    if instants:
        take.dropped += _dropped([word for index, word in enumerate(words) if index in instants], Reason.LOOP)
        words = [word for index, word in enumerate(words) if index not in instants]
    if not words:
        return
    said = RecognisedStretch(
        words=tuple(word.word for word in words),
        probabilities=tuple(word.confidence for word in words),
        durations=tuple(word.end - word.start for word in words),
        log_probability=passage.log_probability,
        no_speech=passage.no_speech,
        seconds=passage.seconds,
        voice=voice_under(words, speech),
        disputed=passage.disputed,
    )
    take.log_probabilities.append(passage.log_probability)
    take.disputed |= passage.disputed
    reason = why_invented(said) or (Reason.UNSURE if strict and said.confidence < _CLEAR_ENOUGH else None)
    if reason is not None or said.confidence < _DOUBTFUL:
        take.doubtful.append((words[0].start, words[-1].end))
    if reason is None:
        take.words += words
    else:
        take.dropped += _dropped(words, reason)


def voice_under(words: Sequence[Word], speech: Speech) -> float:
    """Returns how surely somebody speaks where the words are, 0 to 1."""
    return speech.voice([(word.start, word.end) for word in words])


def _words(passages: Sequence[Passage]) -> list[Word]:
    return [word for passage in passages for word in passage.words]


def _strained(passages: Sequence[Passage]) -> list[Passage]:
    """Returns passages of a decoder that was stuck. Those that it doubts itself are marked as disputed."""
    return [replace(part, disputed=part.disputed or is_strained(part.log_probability, part.no_speech)) for part in passages]


def _same_words(first: Sequence[Passage], second: Sequence[Passage]) -> bool:
    """Returns whether most of one result, counted in pairs of words, is in the other: "of the" alone does not make two sentences agree."""
    mine, theirs = _pairs(_words(first)), set(_pairs(_words(second)))
    return sum(pair in theirs for pair in mine) >= _AGREEMENT * len(mine) if mine else not theirs


def _pairs(words: Sequence[Word]) -> list[tuple[str, str]]:
    return list(pairwise(word.word.strip(".,!?;:").lower() for word in words))


def _new(words: list[Word], known: Sequence[Word]) -> list[Word]:
    """Returns the words without a first or last one that only repeats its known neighbour."""

    def echo(word: Word) -> bool:
        plain = word.word.strip(".,!?").lower()
        return any(
            plain == other.word.strip(".,!?").lower() and word.start <= other.end + 2 * _EDGE and other.start <= word.end + 2 * _EDGE
            for other in known
        )

    while words and echo(words[0]):
        words = words[1:]
    while words and echo(words[-1]):
        words = words[:-1]
    return words


def _dropped(words: Iterable[Word], reason: Reason) -> list[DroppedWords]:
    parts = list(words)
    if not parts:
        return []
    return [DroppedWords(" ".join(word.word for word in parts), parts[0].start, max(word.end for word in parts), reason.value)]
