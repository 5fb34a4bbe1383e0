"""Phrases are found as they are written: alternatives, optional words, gaps, numbers, addresses and anchors."""

from __future__ import annotations

import pytest

from videomoments.moments.skipping.cue_groups import GROUPS
from videomoments.moments.skipping.cue_languages import LANGUAGES, cue_phrases_of
from videomoments.moments.skipping.cue_phrases import PhraseFinder, words_of


def found(phrase: str, text: str, begin: int = 0) -> list[tuple[int, int]]:
    return PhraseFinder({"only": [phrase]}).spans(words_of(text), begin).get("only", [])


def test_words_are_plain() -> None:
    assert words_of("We’ll save 20% at brewly.com/light, O.K.?") == ("we'll", "save", "20", "%", "at", "brewly.com/light", "o.k")


@pytest.mark.parametrize(
    ("phrase", "text", "spans"),
    [
        ("good morning/evening", "A good evening, a good day", [(1, 3)]),
        ("see you? soon", "See soon, see you soon", [(0, 2), (2, 5)]),
        ("you? there", "there", [(0, 1)]),
        ("can * hear me", "Can all of you hear me", [(0, 6)]),
        ("can * hear me", "Can you all at home hear me", []),
        ("# minutes", "In 10 minutes", [(1, 3)]),
        ("visit @", "Visit brewly.com", [(0, 2)]),
        ("visit @", "Visit o.k", []),
        ("^ hello", "Hello, hello", [(0, 1)]),
        ("bye $", "Bye, bye", [(1, 2)]),
    ],
)
def test_each_sign_of_the_notation(phrase: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert found(phrase, text) == spans


def test_a_line_begins_after_its_filler() -> None:
    assert found("^ hello", "um so hello", begin=2) == [(2, 3)]
    assert found("^ hello", "um so hello", begin=1) == []


def test_the_longest_phrase_of_a_group_counts_once() -> None:
    finder = PhraseFinder({"one": ["see you", "see you soon"], "other": ["you soon"]})
    assert finder.spans(words_of("see you soon")) == {"one": [(0, 3)], "other": [(1, 3)]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_of_a_language_is_of_known_groups_and_well_formed(language: str) -> None:
    cues = cue_phrases_of(language)
    assert cues
    assert set(cues) <= set(GROUPS) - {"brand"}
    for phrases in cues.values():
        for phrase in phrases:
            slots = phrase.split()
            assert "^" not in slots[1:], phrase
            assert "$" not in slots[:-1], phrase
            # "$" and "^" stand for themselves only: in an alternative they would be looked for as words.
            assert not any(("$" in slot or "^" in slot) and "/" in slot and "€" not in slot for slot in slots), phrase
            assert all(slot == slot.lower() for slot in slots), phrase
            assert all(all(part for part in slot.rstrip("?").split("/")) for slot in slots), phrase
