"""Words that only fill the beginning of a line are counted; words that belong to its sentence are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videomoments.moments.skipping import filler_prefix


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Um, so, uh, let me tell it from the start.", 3),
        ("So what is a lighthouse?", 0),
        ("So, what is a lighthouse?", 1),
        ("Okay so the keeper rowed out.", 2),
        ("You know, I mean, it was dark.", 4),
        ("I I I think that it was June.", 2),
        ("I was, I was going to say that it burned.", 2),
        ("Um, the the keeper rowed out.", 2),
        ("Where was I? The keeper rowed out.", 3),
        ("Right turns are harder than left turns.", 0),
        ("Like father, like son.", 0),
        ("Very, very few ships came.", 0),
        ("No, no, the keeper rowed out.", 0),
        ("Well designed systems fail late.", 0),
        ("So well designed that it stands today.", 0),
        ("Uh", 1),
        ("", 0),
    ],
)
def test_what_fills_the_beginning_is_counted(text: str, count: int) -> None:
    assert filler_prefix(text, "en") == count


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("Ähm, also, der Leuchtturm stand auf einem Riff.", "de", 2),
        ("Also der Leuchtturm stand auf einem Riff.", "de", 0),
        ("Eh, bueno, el faro estaba en una roca.", "es", 2),
        ("Euh, donc voilà, le phare est sur un rocher.", "fr", 3),
        ("Um, so, latarnia.", "pl", 0),
    ],
)
def test_each_language_has_its_own(text: str, language: str, count: int) -> None:
    assert filler_prefix(text, language) == count


def test_a_short_text_of_no_known_language_is_read_as_english() -> None:
    assert filler_prefix("Um, uh, lighthouse.") == 2


@given(st.lists(st.sampled_from(["um,", "so", "okay", "I", "the", "keeper", "you", "know,", "?", "—", "Where", "was"]), max_size=12))
def test_the_count_is_of_words_of_the_text(words: list[str]) -> None:
    text = " ".join(words)
    count = filler_prefix(text, "en")
    assert 0 <= count <= len(words)
    # What is left begins with what is said.
    assert filler_prefix(" ".join(words[count:]), "en") == 0
