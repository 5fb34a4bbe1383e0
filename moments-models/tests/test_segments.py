"""Sentences from words: every word once, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moments_models.engine_contract import Word
from moments_models.segments import segments
from moments_models.word_pieces import running_text


def words_of(*timed: tuple[str, float, float]) -> list[Word]:
    return [Word(text, start, end, 1.0) for text, start, end in timed]


def test_sentences_end_at_full_stops_and_pauses() -> None:
    found = segments(words_of(("Hi", 0, 0.3), ("there.", 0.3, 0.6), ("Dr.", 0.8, 1.0), ("Who", 1.0, 1.2), ("left", 3.0, 3.2)))
    assert [segment.text for segment in found] == ["Hi there.", "Dr. Who", "left"]
    assert (found[0].start, found[0].end) == (0, 0.6)


def test_languages_without_spaces() -> None:
    words = [Word("東京", 0, 1, 1.0, space_before=False), Word("です。", 1, 2, 1.0, space_before=False)]
    assert segments(words)[0].text == "東京です。"


def test_f83_what_is_written_as_one_word_is_no_end_of_a_sentence() -> None:
    pieces = [("Version", True), ("2.", True), ("0", False), (".1", False), ("is", True), ("in", True), ("the", True), ("U.", True)]
    words = [Word(text, at, at + 1.0, 1.0, space) for at, (text, space) in enumerate([*pieces, ("S.", False), ("Yes.", True)])]
    assert [segment.text for segment in segments(words)] == ["Version 2.0.1 is in the U.S.", "Yes."]
    assert running_text(words) == "Version 2.0.1 is in the U.S. Yes."


@given(st.lists(st.tuples(st.sampled_from(["one", "two,", "end."]), st.floats(0, 3), st.floats(0, 2)), max_size=120))
def test_every_word_is_in_one_segment(shapes: list[tuple[str, float, float]]) -> None:
    words, at = [], 0.0
    for text, gap, length in shapes:
        words.append(Word(text, at + gap, at + gap + length, 1.0))
        at = words[-1].end
    found = segments(words)
    assert " ".join(segment.text for segment in found) == " ".join(word.word for word in words)
    assert all(segment.start <= segment.end for segment in found)
    assert all(segment.end - segment.start <= 30.0 or len(segment.text.split()) < 4 for segment in found)
