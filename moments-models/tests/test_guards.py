"""What a recogniser invents and what people really say."""

from __future__ import annotations

import pytest

from moments_models.guards import is_invented, is_loop


def invented(text: str, log_probability: float = -0.2, no_speech: float = 0.05, seconds: float = 8.0) -> bool:
    return is_invented(text, log_probability=log_probability, no_speech=no_speech, seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "big, big, big, big, big, big",
        "Thank you. Thank you. Thank you. Thank you.",
        "I don't know. I don't know. I don't know. I don't know.",
        "and then we go to the and then we go to the and then we go to the and then we go to the",
        "",
    ],
)
def test_f57_loops_are_invented(text: str) -> None:
    assert invented(text)


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no, I did not say that at all.",
        "The more you learn, the more you know, and the more you know, the more you forget.",
        "Location, location, location.",
        "We shall fight on the beaches, we shall fight on the landing grounds, we shall fight in the fields and in the streets.",
        "Yes.",
    ],
)
def test_people_repeat_themselves_too(text: str) -> None:
    assert not invented(text)


def test_f57_what_the_model_doubts_is_invented() -> None:
    assert invented("Thanks for watching.", log_probability=-1.3)
    assert invented("you", log_probability=-0.7, no_speech=0.9)
    assert not invented("Good morning.", log_probability=-0.7, no_speech=0.1)


def test_f57_nobody_speaks_that_fast() -> None:
    assert invented("one two three four five six seven eight nine ten eleven twelve", seconds=0.5)


def test_a_loop_needs_most_of_the_words() -> None:
    assert is_loop(["go", "go", "go", "go", "go", "home"])
    assert not is_loop(["go", "go", "go", "and", "then", "we", "all", "went", "home", "together"])
