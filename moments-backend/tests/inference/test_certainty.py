"""F98: how surely words were heard, and that absent is not low."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videomoments.inference.certainty import STRETCH_LEVEL, certainty_of, confidence_of, is_hard, mean_confidence
from videomoments.inference.transcript import Word


def words(*confidences: float | None, start: float = 0.0) -> list[Word]:
    return [Word(start + n, start + n + 0.8, f"w{n}", confidence) for n, confidence in enumerate(confidences)]


def test_f98_a_recording_below_the_level_says_so() -> None:
    heard = certainty_of(words(*[0.9, 0.13] * 36, 0.9))
    assert heard.hard
    assert heard.confidence == pytest.approx(0.52, abs=0.01)
    assert heard.message == "this recording was hard to hear: 36 of 73 words are more likely wrong than right (mean confidence 0.52)"


def test_f98_a_stretch_below_it_is_named_by_its_time() -> None:
    heard = certainty_of(words(*[0.95] * 100, *[0.3, 0.6] * 20, *[0.95] * 100))
    assert not heard.hard
    (stretch,) = heard.stretches
    assert (stretch.start, stretch.end) == (100.0, 139.8)
    assert stretch.confidence == pytest.approx(0.45)
    assert heard.message == "hard to hear, one word of three likely wrong: 1:40–2:20"
    many = certainty_of([word for part in range(8) for word in words(*[0.2] * 30, *[0.99] * 300, start=part * 400.0)])
    assert many.message.endswith("0:00–0:30, 6:40–7:10, 13:20–13:50, 20:00–20:30, 26:40–27:10 and 3 more")


@pytest.mark.parametrize(
    "heard",
    [
        [None] * 80,  # a recogniser that gives none
        [0.0] * 80,  # one that fills the field with the same number
        [0.01] * 80,
        [0.9, 0.95, 1.0] * 30,
        [None] * 60 + [0.1] * 3,  # too few to tell
        [*[0.95] * 40, 0.1, 0.2, *[0.95] * 40],  # a name that was not understood
        [],
    ],
)
def test_f98_absent_is_not_low_and_a_word_is_no_stretch(heard: list[float | None]) -> None:
    found = certainty_of(words(*heard))
    assert (found.hard, found.stretches, found.message) == (False, (), "")


def test_f98_words_without_a_confidence_count_neither_way() -> None:
    found = certainty_of(words(*[0.3, None, 0.5, None] * 20))
    assert (found.words, found.hard) == (40, True)
    assert mean_confidence(words(None, None, 0.2)) is None
    assert confidence_of(words(*[0.2] * 6, *[0.9] * 6), 6.0, 12.0) == pytest.approx(0.9)
    assert not is_hard(None)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=120))
def test_f98_stretches_are_in_order_and_of_words_that_fell_short(heard: list[float | None]) -> None:
    source = words(*heard)
    found = certainty_of(source)
    assert all(before.end <= after.start for before, after in zip(found.stretches, found.stretches[1:], strict=False))
    for stretch in found.stretches:
        inside = [
            word.confidence for word in source if word.confidence is not None and stretch.start <= word.start and word.end <= stretch.end
        ]
        assert stretch.confidence == pytest.approx(sum(inside) / len(inside))
        assert min(inside) < STRETCH_LEVEL
