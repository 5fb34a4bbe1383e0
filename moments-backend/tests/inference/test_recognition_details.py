"""F84, F85: what a recogniser says of its hearing is read, joined, kept and told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from videomoments.core.times import Interval
from videomoments.inference.recognised import read_transcript
from videomoments.inference.recognition_details import MOST_ROWS, NOTHING_SAID, DroppedWords, LanguageStretch, RecognitionDetails
from videomoments.inference.transcript import TimedTranscript, joined

FRENCH = {"language": "fr", "start": 0.0, "end": 8.0, "confidence": 0.91}
ENGLISH = {"language": "en", "start": 8.0, "end": 41.0, "confidence": 0.98}
LOST = {"start": 12.0, "end": 20.0}
LOOP = {"text": "you you you", "start": 30.0, "end": 31.0, "reason": "no_voice"}


def read(**beside: Any) -> RecognitionDetails:
    words = [{"word": "Hi.", "start": 0.0, "end": 0.4}]
    body = {"transcription": "Hi.", "word_timestamps": words, "segment_timestamps": [], "processing_time": 0.1} | beside
    return read_transcript(json.dumps(body), "other", 60.0).hearing


def test_f84_f85_what_is_said_beside_the_words_is_read_and_told() -> None:
    found = read(languages=[FRENCH, ENGLISH], not_understood=[LOST], dropped=[LOOP])
    assert found == RecognitionDetails(
        (LanguageStretch("fr", 0.0, 8.0, 0.91), LanguageStretch("en", 8.0, 41.0, 0.98)),
        (Interval(12.0, 20.0),),
        (DroppedWords("you you you", 30.0, 31.0, "no_voice"),),
        3,
        8.0,
    )
    assert found.remarks == [
        "more than one language is spoken: fr, en",
        "8 s of speech were heard and not understood (0:12–0:20)",
        "3 words were recognised that nobody seems to have said, and left out",
    ]
    assert RecognitionDetails.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_recogniser_that_says_nothing_leaves_it_empty() -> None:
    assert read() == NOTHING_SAID
    assert (NOTHING_SAID.to_json(), NOTHING_SAID.remarks, RecognitionDetails.from_json(None)) == ({}, [], NOTHING_SAID)
    assert read(languages=["en", "fr"], not_understood="all of it", dropped={"words": 3}) == NOTHING_SAID


@pytest.mark.parametrize("row", [None, 3, "en", {}, {"language": "en"}, {"language": 3, "start": 0, "end": 1}, FRENCH | {"start": -1.0}])
def test_a_row_that_cannot_be_read_is_passed_over(row: Any) -> None:
    assert read(languages=[row, ENGLISH]).languages == (LanguageStretch("en", 8.0, 41.0, 0.98),)


def test_f85_a_language_that_was_guessed_is_told() -> None:
    (told,) = read(languages=[FRENCH | {"confidence": 0.21}]).remarks
    assert told.startswith("the language is uncertain (fr, 0.21)")
    assert read(languages=[FRENCH | {"confidence": None}]).remarks == []


def test_f84_f85_parts_of_a_recording_are_told_as_one() -> None:
    def part(**beside: Any) -> TimedTranscript:
        heard = RecognitionDetails.of_answer(beside.get("languages"), beside.get("lost"), beside.get("dropped"))
        return TimedTranscript("", (), (), None, None, None, hearing=heard)

    english = [{"language": "en", "start": 0.0, "end": 10.0, "confidence": 0.7}]
    whole = joined([(0.0, part(languages=english, lost=[LOST])), (100.0, part(languages=english, dropped=[LOOP], lost=[LOST]))]).hearing
    assert whole.languages == (LanguageStretch("en", 0.0, 110.0, 0.7),)
    assert whole.not_understood == (Interval(12.0, 20.0), Interval(112.0, 120.0))
    assert (whole.dropped[0].start, whole.dropped_words, whole.unheard_seconds) == (130.0, 3, 16.0)


def test_counts_go_over_more_rows_than_are_kept() -> None:
    found = read(dropped=[LOOP] * (MOST_ROWS + 50))
    assert (len(found.dropped), found.dropped_words) == (MOST_ROWS, 3 * (MOST_ROWS + 50))
