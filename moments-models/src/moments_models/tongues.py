"""Decides the language of a recording chunk by chunk: in which one to decode, and where another is spoken.

A language that a user names is never changed. Otherwise the recording's language is detected from several chunks, and that of a stretch
that makes little sense in it from the stretch itself.
"""

from __future__ import annotations

from moments_models.audio import RATE
from moments_models.engine_contract import DroppedWords, LanguageStretch, RecognitionDetails, Task, Word
from moments_models.languages import (
    LONG_ENOUGH,
    SURE,
    LanguageRun,
    LanguageWindow,
    likeliest,
    runs,
    together,
    two_windows_are_sure,
    weighed,
)
from moments_models.listening import Decoder, Listener, Take
from moments_models.vad import Chunk, Speech

_ASKED_CHUNKS, _ASKED_WINDOWS = 3, 8
"""Of so many chunks the longest is asked for the recording's language; where it is not sure, so many of their phrases are."""
_TRIED, _UNSURE = 3, 0.5
"""Where not even the likeliest language reaches the second number, so many are tried and the one that makes most sense is taken."""
_WEAK = 2.0
"""Seconds of a chunk that make little sense, from which on its language is looked into: a quotation of two words is shorter."""
_CLEAR = -0.35
"""Mean log-probability above which a chunk is in the language it was heard in."""
_AT_HOME = 0.7
_SHORTEST_WINDOW, _LONGEST_WINDOW = 2.0, 4.0
"""Seconds of a window that is asked for its language."""
_NEAR = 1.0
"""Seconds: stretches without words that lie nearer are reported as one."""


class Interpreter:
    """Recognises the chunks of one recording in order. The results are `words`, `main` and `hearing()`."""

    def __init__(self, decoder: Decoder, speech: Speech, task: Task, *, named: str | None) -> None:
        self._decoder = decoder
        self._speech = speech
        self._listener = Listener(decoder, speech, task)
        self._named = named
        self._confidence: float | None = None
        self._own = named if named is not None else self._recognised()
        self._current = self._own
        self.words: list[Word] = []
        self._dropped: list[DroppedWords] = []
        self._lost: list[tuple[float, float]] = []
        self._spoken: list[LanguageStretch] = []

    @property
    def main(self) -> str:
        """Returns the language of most of the speech."""
        seconds: dict[str, float] = {}
        for part in self._spoken:
            seconds[part.language] = seconds.get(part.language, 0.0) + part.end - part.start
        return max(seconds, key=lambda name: seconds[name]) if seconds else self._own

    def hearing(self) -> RecognitionDetails:
        return RecognitionDetails(tuple(self._spoken), tuple(self._lost), tuple(self._dropped))

    def hear(self, chunk: Chunk) -> None:
        """Adds the words of a chunk."""
        language = self._language_of(chunk)
        take = self._listener.hear(chunk, language)
        foreign = self._foreign(chunk, take, language) if self._named is None else []
        lost = self._listener.complete(chunk, take, language)
        self.words += sorted(take.words, key=lambda word: word.start)
        self._dropped += sorted(take.dropped, key=lambda part: part.start)
        for start, end in lost:
            if self._lost and start - self._lost[-1][1] <= _NEAR:
                self._lost[-1] = (self._lost[-1][0], round(end, 3))
            else:
                self._lost.append((round(start, 3), round(end, 3)))
        self._tell(chunk, language, foreign)

    def _recognised(self) -> str:
        """Detects the language of the recording: from the longest of its first chunks, or where that is not sure, from most of their
        phrases."""
        chunks = self._speech.chunks[:_ASKED_CHUNKS]
        longest = max(chunks, key=lambda chunk: chunk.length)
        answer = self._decoder.languages(longest)
        best = likeliest(answer)
        if answer[best] < SURE:
            spans = [span for chunk in chunks for span in self._phrases(chunk.pieces[0].start / RATE, chunk.end / RATE)]
            windows = [self._window(*span) for span in spans[:_ASKED_WINDOWS]]
            answer = weighed(windows) or together([answer, *(window.probabilities for window in windows)])
            best = likeliest(answer)
        if answer[best] < _UNSURE:
            tried = sorted(answer, key=lambda name: -answer[name])[:_TRIED]
            best = max(tried, key=lambda name: self._sense(longest, name))
            self._listener.guessed = best
        self._confidence = answer[best]
        return best

    def _sense(self, chunk: Chunk, language: str) -> float:
        """Returns how much of a chunk is understood in a language: seconds of words, weighted by their probability."""
        return sum((word.end - word.start) * word.confidence for word in self._listener.hear(chunk, language, piece=True).words)

    def _language_of(self, chunk: Chunk) -> str:
        """Returns the language of a chunk. After a stretch of another language, detects which of the two it is in."""
        if self._current == self._own:
            return self._own
        answer = self._decoder.languages(chunk)
        return max((self._own, self._current), key=lambda name: answer.get(name, 0.0))

    def _foreign(self, chunk: Chunk, take: Take, language: str) -> list[LanguageStretch]:
        """Decodes again, in their own language, the stretches that are surely in another. Returns these."""
        weak = sorted([*take.doubtful, *self._listener.unexplained(chunk, take)])
        start, end = chunk.pieces[0].start / RATE, chunk.end / RATE
        if sum(last - first for first, last in weak) < _WEAK:
            clear = all(value > _CLEAR for value in take.log_probabilities)
            if clear or self._decoder.languages(chunk).get(language, 0.0) >= _AT_HOME:
                return []
            weak = [(start, end)]
        spans = self._phrases(start, end)
        windows = [self._window(*span) for span in spans if any(span[0] < last and first < span[1] for first, last in weak)]
        found = []
        for run in runs(windows, language):
            if run.language == language or (sure := self._sure(run, chunk)) is None:
                continue
            heard = self._listener.hear(_part(chunk, run), run.language)
            if heard.words and heard.confidence(run.start, run.end) > take.confidence(run.start, run.end):
                take.without(run.start, run.end)
                take.add(heard)
                found.append(LanguageStretch(run.language, run.start, run.end, sure))
        return found

    def _sure(self, run: LanguageRun, chunk: Chunk) -> float | None:
        """Returns the probability of the run's language, or None where it does not suffice for a switch. The start of the next chunk counts
        too."""
        whole = self._decoder.languages(_part(chunk, run)).get(run.language, 0.0)
        goes_on = self._current == run.language and run.start - chunk.pieces[0].start / RATE < _NEAR
        if (run.seconds >= LONG_ENOUGH or goes_on) and whole >= SURE:
            return whole
        if not two_windows_are_sure(run) and chunk.end / RATE - run.end < _NEAR:
            after = [self._window(*span) for span in self._phrases(chunk.end / RATE, chunk.end / RATE + LONG_ENOUGH)[:2]]
            run = LanguageRun(run.language, (*run.windows, *after))
        return whole if two_windows_are_sure(run) else None

    def _phrases(self, start: float, end: float) -> list[tuple[float, float]]:
        return self._speech.phrases(start, end, _SHORTEST_WINDOW, _LONGEST_WINDOW)

    def _window(self, start: float, end: float) -> LanguageWindow:
        return LanguageWindow(start, end, self._decoder.languages(self._speech.piece(start, end)))

    def _tell(self, chunk: Chunk, language: str, foreign: list[LanguageStretch]) -> None:
        """Notes the languages of the chunk's stretches. Neighbours in one language become one stretch."""
        at, end = chunk.pieces[0].start / RATE, chunk.end / RATE
        confidence = self._confidence if language == self._own else SURE
        parts: list[LanguageStretch] = []
        for part in foreign:
            if part.start - at > _NEAR:
                parts.append(LanguageStretch(language, at, part.start, confidence))
            parts.append(part)
            at = part.end
        if end - at > _NEAR or not parts:
            parts.append(LanguageStretch(language, at, end, confidence))
        for part in parts:
            last = self._spoken[-1] if self._spoken else None
            if last is not None and last.language == part.language:
                sure = None if last.confidence is None or part.confidence is None else max(last.confidence, part.confidence)
                self._spoken[-1] = LanguageStretch(last.language, last.start, round(part.end, 3), sure)
            else:
                sure = None if part.confidence is None else round(part.confidence, 3)
                self._spoken.append(LanguageStretch(part.language, round(part.start, 3), round(part.end, 3), sure))
        self._current = self._spoken[-1].language


def _part(chunk: Chunk, run: LanguageRun) -> Chunk:
    """Returns the chunk's part in a language, without the long pauses that the chunk leaves out: a recogniser invents words in them."""
    return chunk.part(int(run.start * RATE), int(run.end * RATE))
