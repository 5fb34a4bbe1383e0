"""F98: what was hardly heard weighs less, and gives no title."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from videomoments.inference.certainty import confidence_of
from videomoments.inference.transcript import Word
from videomoments.moments import doubts as doubts_module
from videomoments.moments.doubts import RETITLED, Doubts
from videomoments.moments.lines import build_lines
from videomoments.moments.merging import best_first
from videomoments.moments.parsing import Candidate
from videomoments.moments.windows import line_json


def spoken(text: str, start: float = 0.0, *, unsure: dict[str, float] | None = None, confidence: float | None = 0.95) -> list[Word]:
    return [Word(start + n, start + n + 0.9, word, (unsure or {}).get(word.strip(".,"), confidence)) for n, word in enumerate(text.split())]


NOISE = "the social media of it and so on social media then nothing."
HARD = dict.fromkeys(NOISE.strip(".").split(), 0.4) | {"social": 0.06, "media": 0.13, "the": 0.9, "nothing": 0.8}
CLEAR = "Bread rises because yeast makes gas. The oven sets the crust of every loaf."
WORDS = [*spoken(NOISE, unsure=HARD), *spoken(CLEAR, 20.0, unsure={"crust": 0.3})]
LINES = build_lines(WORDS)
DOUBTS = Doubts(WORDS, LINES)


def candidate(title: str, start: float, end: float, score: float | None = 0.6) -> Candidate:
    return Candidate(start, end, title, score, "Because.")


def test_f98_no_title_of_words_that_were_hardly_heard() -> None:
    found = DOUBTS.titled(candidate("Social Media", 0.0, 12.0))
    assert found.title == "Moment at 0:00"
    assert found.reason == f"Because. Hard to hear (confidence 0.37). {RETITLED}"
    # Another form of the word, and a model's own words for what nobody heard, are no better.
    assert DOUBTS.titled(candidate("The medias' society", 0.0, 12.0)).title == "Moment at 0:00"
    assert DOUBTS.titled(candidate("Networks", 0.0, 12.0)).title == "Moment at 0:00"


def test_f98_of_clear_speech_one_unsure_word_spoils_the_title_that_is_made_of_it() -> None:
    assert DOUBTS.titled(candidate("How bread rises", 20.0, 34.0)) == candidate("How bread rises", 20.0, 34.0)
    found = DOUBTS.titled(candidate("The crust of a loaf", 20.0, 34.0))
    assert (found.title, found.reason) == ("Bread rises because yeast makes gas.", f"Because. {RETITLED}")
    # A word that was well heard once is known.
    again = Doubts([*WORDS, *spoken("A crust.", 40.0)], LINES)
    assert not again.doubts_title("The crust of a loaf", 20.0, 34.0)


def test_f98_confidence_weighs_in_choosing() -> None:
    hard, clear = DOUBTS.weighed([candidate("a", 0.0, 12.0, 0.9), candidate("b", 20.0, 34.0, 0.6)])
    assert hard.score is not None
    assert 0.5 < hard.score < 0.6
    assert (clear.score, clear.doubtful) == (0.6, False)
    assert [one.title for one in best_first([hard, clear])] == ["b", "a"]
    unscored = DOUBTS.weighed([candidate("a", 0.0, 12.0, None), candidate("b", 20.0, 34.0, None)])
    assert [one.title for one in best_first(unscored)] == ["b", "a"]


def test_f98_models_read_what_was_hardly_heard() -> None:
    first, *others = [line_json(line) for line in LINES]
    assert (first["confidence"], first["unsure"][:2]) == (0.37, ["social", "media"])  # type: ignore[index]
    assert [line.get("unsure") for line in others] == [None, ["crust"]]
    assert all("confidence" not in line for line in others)


def test_f98_a_recogniser_without_confidence_casts_no_doubt() -> None:
    for words in (spoken(NOISE + " " + CLEAR, confidence=None), spoken(NOISE + " " + CLEAR, confidence=0.1)):
        lines = build_lines(words)
        doubts = Doubts(words, lines)
        wanted = candidate("Social Media", 0.0, 12.0)
        assert doubts.titled(doubts.weighed([wanted])[0]) == wanted
        assert all(set(line_json(line)) == {"n", "start", "end", "text"} for line in lines)
    assert Doubts([], []).titled(candidate("Social Media", 0.0, 12.0)).title == "Social Media"


def test_f98_a_stretch_has_the_confidence_of_the_words_whose_middles_lie_in_it() -> None:
    chance = random.Random(4)
    starts = [chance.randrange(0, 400) / 4 for _ in range(400)]  # two speakers at once: in no order, and many at the same time
    words = [Word(start, start + chance.randrange(1, 9) / 4, "word", chance.choice([None, 0.2, 0.5, 0.9])) for start in starts]
    doubts = Doubts(words, [])
    for _ in range(200):
        start, end = (chance.randrange(-20, 440) / 4 for _ in range(2))
        expected = confidence_of(words, start, end)
        assert doubts.confidence(start, end) == (None if expected is None else pytest.approx(expected, abs=0.0006))


class Seconds(float):
    """Counts how often a time is read."""

    read = 0

    def __add__(self, other: float) -> float:
        Seconds.read += 1
        return float(self) + other


def test_f98_a_moment_reads_only_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of hours is not read through again for every moment, and for every line that may give it a title."""
    words = [Word(Seconds(n), n + 0.9, "word", 0.95) for n in range(5_000)]
    words[0] = replace(words[0], confidence=0.9)
    monkeypatch.setattr(doubts_module, "whole_words", None)  # the caller has them
    doubts = Doubts(words, [], words)
    Seconds.read = 0
    assert doubts.confidence(4_000.0, 4_010.0) == 0.95
    assert Seconds.read <= 20


def test_f98_late_moments_are_named_by_their_hour() -> None:
    words = spoken(NOISE, 3725.0, unsure=HARD)
    assert Doubts(words, build_lines(words)).own_title(3725.0, 3737.0) == "Moment at 1:02:05"
