"""Titles are short, specific and true to the words."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from moments_models.titles import title_case, titles

BREAD = "The sourdough starter is a mix of flour and water. Feed the sourdough starter every day. The flour should be fresh."
MARS = "The rover landed on Mars in winter. Mars dust covers the solar panels of the rover. Wind clears the solar panels."


def test_titles_name_what_is_specific() -> None:
    bread, mars = titles([BREAD, MARS], [0.0, 30.0])
    assert "Starter" in bread
    assert {"Mars", "Rover", "Solar"} & set(mars.split())


def test_a_title_is_never_a_whole_sentence() -> None:
    (title,) = titles(["Solar panels."], [65.0])
    assert title == "Moment at 1:05"


def test_no_words_no_invention() -> None:
    assert titles(["Um, so, you know, yeah.", "Okay."], [0.0, 3725.0]) == ["Moment at 0:00", "Moment at 62:05"]


def test_two_segments_never_share_a_title() -> None:
    assert len(set(titles([BREAD, BREAD, BREAD], [0.0, 0.0, 0.0]))) == 3


def test_title_case_keeps_names_and_small_words() -> None:
    assert title_case("history of the iPhone") == "History of the iPhone"
    assert title_case("OP_RETURN limit") == "OP_RETURN Limit"
    assert title_case("pay-to-Taproot outputs") == "Pay-to-Taproot Outputs"


SAID = "the a of and flour bread Mars rover's slowly to feed NASA C++ 42 don't naïve Straße 東京 — , . ?"
words = st.sampled_from(SAID.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(words, max_size=40).map(" ".join), max_size=6))
def test_every_word_of_a_title_was_said(segments: list[str]) -> None:
    found = titles(segments, [float(index) for index in range(len(segments))])
    assert len(found) == len(set(found)) == len(segments)
    for title, text in zip(found, segments, strict=True):
        assert 2 <= len(title.split()) <= 8
        if not title.startswith("Moment at "):
            said = {word.lower() for word in re.split(r"[\s.,?—]+", text)}
            assert all(word.lower().rstrip(".,?") in said or word == "and" for word in title.split())
