"""Titles are short, specific and true to the words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_machine import examples

from moments_models.phrases import WordUsage, candidates
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


def test_what_the_rest_of_the_recording_is_about_too_is_no_title() -> None:
    elsewhere = ["The rover drives. The rover turns its wheels. Wheels of the rover are made of metal."] * 4
    text = "The rover has a drill. The drill takes samples of rock, and the drill bit is cooled. Wheels of the rover stand still."
    (title,) = titles([text], [0.0], elsewhere=elsewhere)
    assert "Drill" in title
    assert "Rover" not in title


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("We lose context here. The compiler keeps the context of the compiler pass.", {"Lose"}),
        (
            "That was a fantastic discussion. Compiler passes are fun, and compiler passes are fast.",
            {"Fantastic", "Discussion"},
        ),
        ("An incredible amazing compiler. The optimising compiler pass reads the syntax tree.", {"Incredible", "Amazing"}),
        ("It affects registers. Registers of the machine hold values, registers of the machine are few.", {"Affects"}),
        ("The rhythm of the flashes tells ships where they are. The rhythm of the flashes tells ships the name.", {"Tells"}),
    ],
)
def test_no_stray_verb_and_no_praise(said: str, wrong: set[str]) -> None:
    (title,) = titles([said], [0.0])
    assert not title.startswith("Moment at")
    assert not wrong & set(title.split())


def test_what_is_done_may_be_a_title() -> None:
    text = "Today I am monitoring the mempool. Monitoring the mempool shows what is paid. The mempool is full."
    (title,) = titles([text], [0.0])
    assert title == "Monitoring the Mempool"


def test_a_short_question_may_be_a_title_and_one_that_points_elsewhere_may_not() -> None:
    asked = [one.words for one in candidates("So, what is package relay? What do you mean by that? Why did they do it?", WordUsage([]))]
    assert ("what", "is", "package", "relay?") in asked
    assert [words for words in asked if words[-1].endswith("?")] == [("what", "is", "package", "relay?")]


def test_a_question_is_kept_whole() -> None:
    text = "Okay, so what is package relay? Package relay lets nodes send a package of transactions. A package has a child."
    (title,) = titles([text], [0.0], lambda texts: np.ones((len(texts), 4), np.float32) / 2)
    assert title == "What Is Package Relay?"


SAID = "the a of and flour bread Mars rover's slowly to feed NASA C++ 42 don't naïve Straße 東京 — , . ?"
words = st.sampled_from(SAID.split())


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.lists(words, max_size=40).map(" ".join), max_size=6))
def test_every_word_of_a_title_was_said(segments: list[str]) -> None:
    found = titles(segments, [float(index) for index in range(len(segments))])
    assert len(found) == len(set(found)) == len(segments)
    for title, text in zip(found, segments, strict=True):
        assert 2 <= len(title.split()) <= 8
        if not title.startswith("Moment at "):
            said = {word.lower() for word in re.split(r"[\s.,?—]+", text)}
            assert all(word.lower().rstrip(".,?") in said or word == "and" for word in title.split())
