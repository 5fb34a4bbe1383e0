"""Corrected words in the text and the segments around them, with the spaces that they had."""

from __future__ import annotations

from videomoments.db.tables import Transcript
from videomoments.services.editing import WordChange, corrected


def test_f83_a_corrected_word_keeps_the_spaces_of_its_sentence() -> None:
    said = [("By", None), ("3", True), (".5", False), ("%", False), ("today.", True), ("New", True), ("one.", True)]
    words = [
        {"word": text, "start": n, "end": n + 1.0} | ({} if space is None else {"space_before": space})
        for n, (text, space) in enumerate(said)
    ]
    segments = [{"text": "By 3.5% today.", "start": 0.0, "end": 5.0}, {"text": "New one.", "start": 5.0, "end": 7.0}]
    row = Transcript(word_timestamps=words, segment_timestamps=segments, full_text="By 3.5% today. New one.")
    found, sentences, text = corrected(row, [WordChange(2, ".5", ".6"), WordChange(3, "%", "")])
    assert text == "By 3.6 today. New one."
    assert [sentence["text"] for sentence in sentences] == ["By 3.6 today.", "New one."]
    assert found[2] == {"word": ".6", "start": 2, "end": 3.0, "space_before": False}


def test_f98_a_word_that_a_person_corrected_is_not_unsure_any_more() -> None:
    words = [
        {"word": text, "start": n, "end": n + 1.0, "confidence": sure} for n, (text, sure) in enumerate([("social", 0.06), ("bread", 0.9)])
    ]
    row = Transcript(word_timestamps=words, segment_timestamps=[], full_text="social bread")
    found, _, _ = corrected(row, [WordChange(0, "social", "sour"), WordChange(1, "bread", "dough")])
    assert [word.get("confidence") for word in found] == [None, 0.9]
