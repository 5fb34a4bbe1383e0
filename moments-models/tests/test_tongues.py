"""The languages of a recording: where they switch, and what never switches them."""

from __future__ import annotations

import pytest

from made_speech import Scripted, made_speech, said
from moments_models.audio import RATE
from moments_models.listening import Passage
from moments_models.request_jobs import Job
from moments_models.tongues import Interpreter
from moments_models.vad import Chunk

FRENCH = (12.0, 18.0)
PAUSED = [(0.2, 5.8), (6.2, 11.6), (12.0, 14.8), (15.2, 18.0), (18.4, 24.0)]


def english_with(french: tuple[float, float]) -> Scripted:
    """English speech with a French stretch, which makes no sense in English."""

    def heard(start: float, end: float, language: str) -> list[Passage]:
        found = []
        for low, high in PAUSED:
            if start - 0.5 <= low and high <= end + 0.5:
                native = "fr" if french[0] <= low and high <= french[1] else "en"
                sure = native == language
                found.append(said(f"{native} words heard here", low, high, confidence=0.9 if sure else 0.35, log_probability=-0.4))
        return found

    def tongue(start: float, end: float) -> dict[str, float]:
        inside = max(0.0, min(end, french[1]) - max(start, french[0])) / (end - start)
        return {"fr": inside, "en": 1 - inside}

    return Scripted(heard, tongue)


def interpreted(decoder: Scripted, named: str | None = None) -> Interpreter:
    speech = made_speech(PAUSED, 25.0)
    interpreter = Interpreter(decoder, speech, Job(), named=named)
    for chunk in speech.chunks:
        interpreter.hear(chunk)
    return interpreter


def test_f85_a_sentence_in_another_language_is_heard_in_it() -> None:
    found = interpreted(english_with(FRENCH))
    assert [word.word for word in found.words].count("fr") == 2
    spoken = found.hearing().languages
    assert [part.language for part in spoken] == ["en", "fr", "en"]
    assert (spoken[1].start, spoken[1].end) == pytest.approx(FRENCH, abs=0.1)
    assert found.main == "en"
    assert all(part.confidence is not None and part.confidence >= 0.7 for part in spoken)


def test_f85_a_stretch_in_another_language_is_decoded_without_the_long_pause_in_it() -> None:
    lengths: list[float] = []

    class Measured(Scripted):
        def decode(self, chunk: Chunk, language: str, *, piece: bool, sampled: bool = False) -> list[Passage]:
            lengths.append(chunk.length / RATE)
            return super().decode(chunk, language, piece=piece, sampled=sampled)

    spans = [(0.2, 6.0), (100.0, 104.0), (400.0, 404.0)]

    def heard(start: float, end: float, language: str) -> list[Passage]:
        found = []
        for low, high in spans:
            if start - 0.5 <= low and high <= end + 0.5:
                sure = ("fr" if low >= 100.0 else "en") == language
                found.append(said("words heard here", low, high, confidence=0.9 if sure else 0.35, log_probability=-0.4))
        return found

    speech = made_speech(spans, 410.0)
    decoder = Measured(heard, lambda start, end: {"fr": 0.99, "en": 0.01} if start > 50.0 else {"fr": 0.01, "en": 0.99})
    interpreter = Interpreter(decoder, speech, Job(), named=None)
    for chunk in speech.chunks:
        interpreter.hear(chunk)
    assert [part.language for part in interpreter.hearing().languages] == ["en", "fr"]
    assert max(lengths) < 28.0


def test_f85_a_language_that_a_person_named_is_never_left() -> None:
    decoder = english_with(FRENCH)
    found = interpreted(decoder, named="en")
    assert {language for _, _, language in decoder.asked} == {"en"}
    assert decoder.detections == 0
    assert [(part.language, part.confidence) for part in found.hearing().languages] == [("en", None)]


def test_f85_a_quotation_of_two_words_does_not_switch() -> None:
    decoder = english_with((15.0, 18.1))  # one window
    found = interpreted(decoder)
    assert [part.language for part in found.hearing().languages] == ["en"]


def test_f85_what_is_heard_clearly_is_not_asked_for_its_language() -> None:
    decoder = english_with((30.0, 31.0))
    interpreted(decoder)
    assert decoder.detections <= 2  # of the recording, and of one chunk that is not quite clear


def test_f85_a_recording_in_one_unsure_language_says_so_and_keeps_no_doubtful_words() -> None:
    def heard(start: float, end: float, language: str) -> list[Passage]:
        return [said("buju hato", low, high, confidence=0.4, log_probability=-0.9) for low, high in PAUSED if start - 0.5 <= low < end]

    found = interpreted(Scripted(heard, lambda start, end: {"pl": 0.21, "fr": 0.2, "ja": 0.19}))
    assert found.words == []
    told = found.hearing()
    assert told.languages[0].confidence == pytest.approx(0.21)
    assert sum(end - start for start, end in told.not_understood) > 20
    assert told.dropped


def test_f85_of_unsure_languages_the_one_that_makes_sense_is_taken() -> None:
    def heard(start: float, end: float, language: str) -> list[Passage]:
        sure = 0.9 if language == "fr" else 0.4
        return [said("des mots français", low, high, confidence=sure) for low, high in PAUSED if start - 0.5 <= low and high <= end + 0.5]

    found = interpreted(Scripted(heard, lambda start, end: {"pl": 0.21, "fr": 0.2, "ja": 0.19}))
    assert found.main == "fr"
    assert len(found.words) == 15
