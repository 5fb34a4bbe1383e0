"""F83: where spaces stand in the words of recognisers that say so, and of those that don't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from videomoments.inference.recognised import read_transcript
from videomoments.inference.spacing import running_text, spread_words, whole_words
from videomoments.inference.transcript import Segment, TimedTranscript, Word, joined, words_from_rows, words_to_rows
from videomoments.moments.lines import build_lines


def answered(words: list[Any], text: str | None = "", segments: list[Any] | None = None) -> TimedTranscript:
    """Words of an answer: texts, or rows without times."""
    rows = [({"word": each} if isinstance(each, str) else each) | {"start": n * 0.3, "end": n * 0.3 + 0.3} for n, each in enumerate(words)]
    body = {"transcription": text, "word_timestamps": rows, "segment_timestamps": segments}
    return read_transcript(json.dumps(body), "other", 1000.0)


@pytest.mark.parametrize(
    ("words", "text", "read"),
    [
        (["3", ".5", "%", "of", "1", ",234", ".56"], "3.5 % of 1,234.56", "3.5 % of 1,234.56"),
        (["Aujourd", "'hui", "c'", "est", "l'", "été", "!"], "Aujourd'hui c'est l'été !", "Aujourd'hui c'est l'été !"),
        (["ไป", "ร้าน", "ไทย"], "ไปร้าน ไทย", "ไปร้าน ไทย"),
        # Another case, or marks that the words lack: the text still tells what it can.
        (["hello", "world", "state", "of", "art"], "Hello, world. State-of-art!", "hello world state of art"),
        (["one", "(noise)", "two", ".5"], "one two.5", "one (noise) two.5"),
        # No text at all: blanks in the words, before or behind them, else the script.
        ([" By", " 3", ".5", " now"], "", "By 3.5 now"),
        (["By ", "3", ".5 ", "now "], None, "By 3.5 now"),
        (["By", "3", ".5"], "", "By 3 .5"),
        (["ไป", "ไหน", "2", "กี่"], "", "ไปไหน 2 กี่"),
        (["ບໍ່", "ໄດ້", "မင်္ဂလာ", "ပါ", "东", "京"], "", "ບໍ່ໄດ້မင်္ဂလာပါ东京"),
        # What the recogniser says is not doubted.
        ([{"word": "New", "space_before": False}, {"word": "York", "space_before": False}], "New York", "NewYork"),
        ([{"word": "3"}, {"word": ".5", "space_before": "no"}], "3.5", "3.5"),
    ],
)
def test_f83_of_a_recogniser_that_does_not_say(words: list[Any], text: str | None, read: str) -> None:
    found = answered(words, text)
    assert running_text(found.words) == read
    assert running_text(words_from_rows(words_to_rows(found.words))) == read
    assert "".join(line.text for line in build_lines(found.words)).replace(" ", "") == read.replace(" ", "")


def test_f83_segments_tell_where_there_is_no_text() -> None:
    assert running_text(answered(["3", ".5"], None, [{"text": " 3.5", "start": 0, "end": 1}]).words) == "3.5"


def test_f83_what_was_stored_before_reads_as_before() -> None:
    rows = [{"word": text, "start": n, "end": n + 1} for n, text in enumerate(["By", "3", ".5", "今日", "は", "ก", "ข"])]
    assert running_text(words_from_rows(rows)) == "By 3 .5 今日は ก ข"
    assert words_to_rows(words_from_rows(rows)) == [row | {"start": float(row["start"]), "end": float(row["end"])} for row in rows]  # type: ignore[arg-type]


def test_f83_a_word_in_pieces_is_one_word_to_cut_by() -> None:
    pieces = [
        ("At", True),
        ("10", True),
        (":30", False),
        ("in", True),
        ("the", True),
        ("U", True),
        (".S.", False),
        ("ก", True),
        ("ำ", False),
        ("ไ", False),
        ("ท", False),
    ]
    words = [Word(n, n + 1, text, 0.9 - n / 100, space) for n, (text, space) in enumerate(pieces)]
    whole = whole_words(words)
    assert [word.text for word in whole] == ["At", "10:30", "in", "the", "U.S.", "กำ", "ไท"]
    assert (whole[1].start, whole[1].end, whole[1].confidence) == (1, 3, pytest.approx(0.88))
    assert [line.text for line in build_lines(words)] == ["At 10:30 in the U.S. กำไท"]
    # A pause is a pause, and a recogniser without any spaces makes no word of a thousand letters.
    assert len(whole_words([Word(0, 1, "3", space_before=True), Word(2, 3, ".5", space_before=False)])) == 2
    assert max(len(word.text) for word in whole_words([Word(n, n + 1, "abcdefghij", space_before=False) for n in range(50)])) <= 80


def test_f83_a_word_that_a_person_emptied_leaves_its_space() -> None:
    words = [Word(0, 1, "By"), Word(1, 2, "", space_before=True), Word(2, 3, "4", space_before=False), Word(3, 4, "", space_before=False)]
    assert running_text([*words, Word(4, 5, "%", space_before=False)]) == "By 4%"
    assert running_text([Word(0, 1, "By"), Word(1, 2, ""), Word(2, 3, ".5", space_before=False)]) == "By .5"


def test_f83_parts_of_a_recording_are_joined_as_the_script_has_it() -> None:
    def part(text: str, *words: tuple[str, bool | None]) -> TimedTranscript:
        return TimedTranscript(
            text, tuple(Word(n, n + 1, word, space_before=space) for n, (word, space) in enumerate(words)), (), "x", "x", 0.0
        )

    english = joined([(0.0, part("So 3.5", ("So", False), ("3", None), (".5", False))), (10.0, part("Then", ("Then", False)))])
    assert (running_text(english.words), english.full_text) == ("So 3.5 Then", "So 3.5 Then")
    thai = joined([(0.0, part("ไป", ("ไป", False))), (10.0, part("ไหน", ("ไหน", None)))])
    assert (running_text(thai.words), thai.full_text) == ("ไปไหน", "ไปไหน")


def test_f83_sentences_without_word_times_are_spread_by_what_a_line_may_be_cut_at() -> None:
    words = spread_words(Segment(0.0, 4.0, "Go to 東京。 now"))
    assert [(word.text, word.space_before) for word in words] == [("Go", True), ("to", True), ("東", True), ("京。", False), ("now", True)]
    assert words[-1].end == pytest.approx(4.0)
    assert running_text(words) == "Go to 東京。 now"
