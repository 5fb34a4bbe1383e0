"""F97: times as other recognisers give them. Starts rule, ends give way; what was mended or left out is counted and said."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videomoments.core.errors import ModelError
from videomoments.inference.mending import NOT_MENDED, Mended
from videomoments.inference.recognised import read_transcript, seconds_of
from videomoments.inference.transcript import TimedTranscript

DURATION = 60.0
Rows = list[dict[str, Any]]


def spoken(count: int = 120) -> Rows:
    return [{"word": f"w{n}", "start": round(n * 0.5, 3), "end": round(n * 0.5 + 0.4, 3), "confidence": 0.9} for n in range(count)]


def sentences(rows: Rows, every: int = 10) -> Rows:
    parts = [rows[at : at + every] for at in range(0, len(rows), every)]
    return [{"text": " ".join(row["word"] for row in part), "start": part[0]["start"], "end": part[-1]["end"]} for part in parts]


def read(words: Any, segments: Any = None, text: str | None = None, duration: float | None = DURATION, **more: Any) -> TimedTranscript:
    body = {"transcription": text, "word_timestamps": words, "segment_timestamps": segments, "processing_time": 0.1} | more
    return read_transcript(json.dumps(body), "other", duration)


def times(found: TimedTranscript) -> list[tuple[float, float]]:
    return [(word.start, word.end) for word in found.words]


PLAIN = [(row["start"], row["end"]) for row in spoken()]


def test_f97_an_answer_that_is_right_is_left_alone() -> None:
    found = read(spoken(), sentences(spoken()))
    assert times(found) == PLAIN
    assert (found.mended, found.mended.message) == (NOT_MENDED, "")


def test_f97_an_end_forty_seconds_late_moves_no_other_word() -> None:
    rows = spoken()
    rows[8]["end"] += 40
    found = read(rows)
    assert times(found) == [*PLAIN[:8], (4.0, 4.5), *PLAIN[9:]]
    assert found.mended == Mended(ends=1)
    assert found.mended.message == "the recogniser's times were mended: 1 end cut to the next word"


def test_f97_a_late_end_before_a_pause_is_no_word_of_half_a_minute() -> None:
    rows = spoken(10)
    rows[8]["end"], rows[9] = 40.0, {"word": "late", "start": 41.0, "end": 41.4}
    found = read(rows)
    assert times(found)[8:] == [(4.0, 5.0), (41.0, 41.4)]
    assert found.mended == Mended(ends=1)


def test_f97_an_end_that_reaches_a_little_into_the_next_word_is_cut_without_a_word() -> None:
    rows = [row | {"end": row["end"] + 0.15} for row in spoken()]
    found = read(rows)
    assert all(before.end == after.start for before, after in pairwise(found.words))
    assert not found.mended


def test_f97_starts_a_little_before_the_recording_are_its_first_words() -> None:
    rows = spoken()
    for row in rows[:3]:
        row["start"] = -0.04
    found = read(rows)
    assert [word.text for word in found.words[:4]] == ["w0", "w1", "w2", "w3"]
    assert times(found)[:4] == [(0.0, 0.4), (0.4, 0.9), (0.9, 1.4), (1.5, 1.9)]
    assert len(found.words) == 120
    assert (found.mended.clamped, found.mended.left_out) == (3, 0)


@pytest.mark.parametrize("form", ["{:.3f}", "{}", " {} ", "{}s", "0:{:02.3f}", "00:00:{:06.3f}"])
def test_f97_times_as_text_are_read(form: str) -> None:
    rows = [row | {key: form.format(row[key]) for key in ("start", "end")} for row in spoken()]
    assert times(read(rows)) == PLAIN


def test_f97_a_comma_is_a_point_and_what_is_no_time_is_none() -> None:
    assert seconds_of("1,25") == seconds_of("1.25 s") == seconds_of("00:00:01,250") == seconds_of(1.25) == 1.25
    assert seconds_of("1:02:03.5") == 3723.5
    assert [seconds_of(each) for each in ("soon", "", "1e", "inf", "nan", None, True, [], math.nan, 10**400, "1:2:3:4")] == [None] * 11
    assert seconds_of("-0.04") == -0.04


@pytest.mark.parametrize("nothing", [None, []])
def test_f97_without_words_the_segments_are_used(nothing: Any) -> None:
    found = read(nothing, sentences(spoken()), None)
    assert found.words == ()
    assert (found.segments[1].start, found.segments[1].end) == (5.0, 9.9)
    assert found.full_text.startswith("w0 w1 w2")


def test_f97_nulls_are_what_is_left_out() -> None:
    found = read(spoken(), None, None, language=None, engine=None, processing_time=None)
    assert (times(found), found.segments, found.language, found.processing_time) == (PLAIN, (), None, None)
    assert read(None, None, None).speech is False
    assert read([], [], "", engine=5, language=["en"], processing_time="soon").engine is None


def test_f97_words_without_usable_times_give_way_to_segments() -> None:
    rows: Rows = [row | {"start": "soon"} for row in spoken()]
    found = read(rows, sentences(spoken()))
    assert found.words == ()
    assert len(found.segments) == 12
    assert found.mended == Mended(left_out=120)
    assert "120 words left out" in found.mended.message
    with pytest.raises(ModelError, match="without usable times"):
        read(rows, None)
    with pytest.raises(ModelError, match="without usable times"):
        read([row | {"start": None, "end": None} for row in rows], [])


def test_f97_words_without_a_time_stand_between_their_neighbours() -> None:
    """As aligners leave numbers: the word is there, its time is not."""
    rows = spoken()
    for row in rows[::3]:
        row["start"] = row["end"] = None
    del rows[4]["end"]
    found = read(rows)
    assert [word.text for word in found.words] == [row["word"] for row in spoken()]
    assert all(before.end <= after.start and before.start < after.start for before, after in pairwise(found.words))
    assert all(abs(word.start - start) <= 0.5 for word, (start, _) in zip(found.words, PLAIN, strict=True))
    assert found.mended == Mended(placed=40, ends=1)


def test_f97_speech_for_which_no_words_came_is_not_lost() -> None:
    rows = spoken()
    whole = sentences(rows)
    found = read(rows[:60] + rows[90:], [*whole, {"text": "[Music]", "start": 60.0, "end": 60.0}])
    assert [word.text for word in found.words] == [row["word"] for row in rows]
    assert found.mended == Mended(from_segments=30)
    assert all(word.confidence is None and 30.0 <= word.start <= word.end <= 45.0 for word in found.words[60:90])
    assert "30 words timed by their sentence alone" in found.mended.message


def test_f97_rows_that_nobody_can_read_are_counted() -> None:
    odd: list[Any] = ["word", None, {"word": 5, "start": 1, "end": 2}, {"start": 1, "end": 2}, {"word": "far", "start": 500, "end": 501}]
    odd += [{"word": "long ago", "start": -9, "end": -8}, {"word": "", "start": 3, "end": 3.1}]
    found = read([*spoken(), *odd])
    assert times(found) == PLAIN
    assert found.mended == Mended(left_out=6)


def test_f97_other_names_for_the_text() -> None:
    rows = [{"text": row["word"], "start": row["start"], "end": row["end"]} for row in spoken()]
    found = read(rows, [{"segment": "w0 w1", "start": 0, "end": 1}])
    assert (times(found), found.segments[0].text) == (PLAIN, "w0 w1")


def test_f97_what_was_mended_is_stored_and_added_up() -> None:
    assert Mended.from_json(Mended(ends=2, left_out=1).to_json() | {"newer": 3}) == Mended(ends=2, left_out=1)
    assert Mended.from_json(None) == NOT_MENDED
    assert Mended(ends=2) + Mended(ends=1, placed=4) == Mended(ends=3, placed=4)


_TIME = st.one_of(st.floats(-5, 70), st.floats(), st.none(), st.sampled_from(["1.5", "soon", "-0.04", True, 10**400, []]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.fixed_dictionaries({"word": st.sampled_from(["a", "bb", "東", ""]), "start": _TIME, "end": _TIME}), max_size=30))
def test_f97_whatever_comes_is_in_order_inside_and_all_there(rows: Rows) -> None:
    try:
        found = read(rows)
    except ModelError:
        assert sum(seconds_of(row["start"]) is None for row in rows) or any(
            not 0 <= (seconds_of(row["start"]) or 0) <= DURATION for row in rows
        )
        return
    assert all(0 <= word.start <= word.end <= DURATION for word in found.words)
    assert all(before.end <= after.start for before, after in pairwise(found.words))
    assert len(found.words) + found.mended.left_out == sum(bool(row["word"]) for row in rows)


def test_f95_signs_that_no_text_keeps_are_left_out_of_words() -> None:
    body = '{"transcription": "a\\u0007b \\ud800 Cafe\\u0301 \\ud83d\\ude00", "word_timestamps": [' + ", ".join(
        f'{{"word": "{text}", "start": {n}, "end": {n}.5}}'
        for n, text in enumerate(("a\\u0007b", "\\ud800", " Cafe\\u0301", "\\u202e\\u0000", "\\\\ud800", "\\ud83d\\ude00"))
    )
    found = read_transcript(body + "]}", "m", 60.0)
    assert [word.text for word in found.words] == ["ab", "\ufffd", "Café", "\\ud800", "😀"]
    assert found.full_text == "ab \ufffd Café 😀"
