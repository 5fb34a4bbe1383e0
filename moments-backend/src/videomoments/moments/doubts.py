"""Lowers the score of candidates whose words were recognised with low confidence, and replaces titles made of such words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from videomoments.inference.certainty import STRETCH_LEVEL, WORD_LEVEL, believed, is_hard, mean_confidence
from videomoments.inference.spacing import whole_words
from videomoments.inference.transcript import Word
from videomoments.moments.lines import Line
from videomoments.moments.parsing import Candidate
from videomoments.moments.title_cleaning import title_from_line

_TELLING = re.compile(r"[^\W_]{3,}(?:[’'.-][^\W_]+)*|[^\W\d_]+", re.UNICODE)
_ENDINGS = ("'s", "’s", "s")
RETITLED = "Titled anew: words of its title were hardly heard."


class Doubts:
    """The words of low confidence in one recording. For a recogniser that gives no confidence nothing is doubtful.

    `joined` are the words as `whole_words` joins them, where the caller has them already.
    """

    def __init__(self, words: Sequence[Word], lines: Sequence[Line], joined: Sequence[Word] | None = None) -> None:
        # By their middles: a long recording has many words, and each moment asks for the few that lie in it.
        self._words = sorted(believed(words), key=_middle)
        self._middles = [_middle(word) for word in self._words]
        self._lines = lines
        self._best: dict[str, float] = {}
        for word in believed(whole_words(words) if joined is None else joined):
            for part in _parts(word.text):
                heard = 1.0 if word.confidence is None else word.confidence
                self._best[part] = max(self._best.get(part, 0.0), heard)

    def confidence(self, start: float, end: float) -> float | None:
        """Returns the mean confidence of the words in a stretch of seconds, rounded to 3 digits, or None where it is not known."""
        found = mean_confidence(self._words[bisect_left(self._middles, start) : bisect_left(self._middles, end)])
        return None if found is None else round(found, 3)

    def weighed(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Returns the candidates. Where the mean confidence of the words is below the level, the score is lowered in proportion."""
        return [self._weighed(candidate) for candidate in candidates]

    def _weighed(self, candidate: Candidate) -> Candidate:
        confidence = self.confidence(candidate.start, candidate.end)
        if confidence is None or not is_hard(confidence):
            return candidate
        score = candidate.score and round(candidate.score * confidence / STRETCH_LEVEL, 3)
        return replace(candidate, score=score, doubtful=True)

    def titled(self, chosen: Candidate) -> Candidate:
        """Returns the moment with a title of confidently recognised words. Its reason says what was hard to hear."""
        said = [chosen.reason] if chosen.reason else []
        confidence = self.confidence(chosen.start, chosen.end)
        if confidence is not None and is_hard(confidence):
            said.append(f"Hard to hear (confidence {confidence:.2f}).")
        title = chosen.title
        if self.doubts_title(title, chosen.start, chosen.end):
            title = self.own_title(chosen.start, chosen.end)
            said.append(RETITLED)
        return replace(chosen, title=title, reason=" ".join(said))

    def doubts_title(self, title: str, start: float, end: float) -> bool:
        """Returns whether a title uses words that were recognised with low confidence, wherever in the recording they are said.

        Where the whole stretch has low confidence, a title counts only if each of its significant words was recognised well somewhere:
        words that the model made up are no better.
        """
        parts = _parts(title)
        if any(self._best.get(part, 1.0) < WORD_LEVEL for part in parts):
            return True
        return is_hard(self.confidence(start, end)) and not (parts and all(part in self._best for part in parts))

    def own_title(self, start: float, end: float) -> str:
        """Returns the first words of a confidently recognised line of the stretch, or else a title with its start time."""
        for line in self._lines:
            if line.end > start and line.start < end and not line.unsure and not is_hard(line.confidence):
                title = title_from_line(line.text)
                if not self.doubts_title(title, start, end):
                    return title
        minutes, seconds = divmod(int(start), 60)
        return f"Moment at {minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"Moment at {minutes}:{seconds:02d}"


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _parts(text: str) -> set[str]:
    """Returns the significant words of a text in lower case, without the endings that a title may add or leave out."""
    found = set()
    for part in _TELLING.findall(text.casefold()):
        bare = next((part.removesuffix(ending) for ending in _ENDINGS if part.endswith(ending) and len(part) > len(ending) + 2), part)
        if len(bare) >= 3 or not bare.isascii():
            found.add(bare)
    return found
