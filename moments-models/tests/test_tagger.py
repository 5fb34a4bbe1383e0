"""Word classes of English, by the trained tagger."""

from __future__ import annotations

import numpy as np
import pytest

from moments_models.spoken import cleaned, joined, sentences
from moments_models.tagger import MARK, TOKEN, Tagger, trained


@pytest.mark.parametrize(
    ("sentence", "tags"),
    [
        ("We use the hash of a block .", "PRON VERB DET NOUN ADP DET NOUN PUNCT"),
        ("The use of strong passwords is old .", "DET NOUN ADP ADJ NOUN AUX ADJ PUNCT"),
        ("I want to change the plan", "PRON VERB PART VERB DET NOUN"),
        ("The change was small", "DET NOUN AUX ADJ"),
    ],
)
def test_a_word_is_told_by_where_it_stands(sentence: str, tags: str) -> None:
    assert trained().tag(sentence.split()) == tags.split()


def test_weights_that_know_nothing_still_tag() -> None:
    empty = {"tags": np.array(["NOUN", "VERB"]), "features": np.zeros(0, np.uint32), "weights": np.zeros((0, 2), np.int8)}
    assert Tagger(empty).tag(["东京", ",", "naïve"]) == ["NOUN", MARK, "NOUN"]


def test_a_word_is_whole_with_what_is_inside_it() -> None:
    said = "OP_RETURN's limit, 2.5% of $200,000 doesn't count (state-of-the-art)."
    assert " ".join(TOKEN.findall(said)) == "OP_RETURN's limit , 2.5% of $ 200,000 doesn't count ( state-of-the-art )."


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("So , um , it 's the the L_C_D_ screen , you know .", "So it's the LCD screen."),
        ("I wa- I was, uh, going", "I was going"),
        ("a f for the design", "a for the design"),
        ("the close - mike cross - talk , yeah .", "the close-mike cross-talk, yeah."),
        ("A dash - like this - stays.", "A dash - like this - stays."),
        ("We can't, mm-hmm, go", "We can't go"),
    ],
)
def test_what_speech_leaves_in_a_text_is_removed(said: str, written: str) -> None:
    assert cleaned(said) == written


def test_sentences_end_at_marks_and_where_a_capital_begins_one() -> None:
    found = list(sentences("The dam broke And we left. Why? It cost $200, I think"))
    assert [joined(one.words, one.tags) for one in found] == ["The dam broke", "And we left", "Why", "It cost $200, I think"]
    assert [one.ends for one in found] == ["", ".", "?", ""]
