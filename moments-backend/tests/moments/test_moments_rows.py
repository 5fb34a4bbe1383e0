"""Answers in every shape (F87) and scores in every dress (F88): read where they have one meaning, else named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.moments.merging import best_first, deduplicate
from videomoments.moments.parsing import Candidate, Generation, parse_generation, parse_refinement
from videomoments.moments.prompt_texts import TimeBase
from videomoments.moments.timecodes import parse_range, parse_seconds

A = {"start_time": 10.0, "end_time": 40.0, "title": "A", "score": 0.9, "reason": "r"}
B = {"start_time": 50.0, "end_time": 80.0, "title": "B", "score": 0.8, "reason": "r"}
X = {"start_time": 100.0, "end_time": 130.0, "title": "X", "score": 0.1, "reason": "no"}


def parsed(value: Any) -> Generation:
    return parse_generation(value if isinstance(value, str) else json.dumps(value), duration=200.0)


def found(value: Any) -> list[tuple[float, float, str]]:
    return [(one.start, one.end, one.title) for one in parsed(value).candidates]


def refused(value: Any) -> str:
    with pytest.raises(ModelError) as caught:
        parsed(value)
    assert caught.value.code == "model_bad_answer"
    assert len(caught.value.message) < 300
    return caught.value.message


BOTH = [(10.0, 40.0, "A"), (50.0, 80.0, "B")]
SHAPES: dict[str, Any] = {
    "array": [A, B],
    "wrapper": {"moments": [A, B]},
    "beside a note": {"moments": [A, B], "notes": ["x"]},
    "beside rejected rows": {"rejected": [X], "moments": [A, B]},
    "beside an analysis": {"analysis": {"topics": ["a", "b"]}, "moments": [A, B]},
    "beside a status": {"status": "ok", "data": {"moments": [A, B]}},
    "deep": {"status": "ok", "data": {"result": {"items": [A, B]}, "count": 2}},
    "under a name of its own": {"best_bits_of_the_talk": [A, B], "language": "en"},
    "numbered": {"1": A, "2": B},
    "numbered words": {"moment_1": A, "moment_2": B},
    "numbered in a wrapper": {"moments": {"1": A, "2": B}},
    "lists of one": [[A], [B]],
    "each under a key": [{"moment": A}, {"moment": B}],
    "list of objects with lists": [{"topic": "t", "moments": [A]}, {"topic": "u", "moments": [B]}],
    "a string": json.dumps([A, B]),
    "a string in an object": {"moments": json.dumps([A, B])},
    "strings": [json.dumps(A), json.dumps(B)],
    "a fenced string": {"answer": "```json\n" + json.dumps([A, B]) + "\n```"},
    "columns": {"start_time": [10, 50], "end_time": [40, 80], "title": ["A", "B"]},
    "columns in a wrapper": {"moments": {"start": [10, 50], "end": [40, 80], "title": ["A", "B"]}, "ok": True},
    "a tool's call": {"name": "answer", "arguments": json.dumps({"moments": [A, B]})},
    "times apart from the title": [{"title": "A", "time": {"start": 10, "end": 40}}, {"title": "B", "timing": {"from": 50, "to": 80}}],
    "duration": [{"start": 10, "duration": 30, "title": "A"}, {"start": "0:50", "duration": "30s", "title": "B"}],
    "milliseconds in the key": [
        {"start_ms": 10_000, "end_ms": 40_000, "title": "A"},
        {"startTimeMs": "50000", "endTimeMs": "80000", "title": "B"},
    ],
    "milliseconds declared": {
        "time_unit": "ms",
        "moments": [A | {"start_time": 10_000, "end_time": 40_000}, B | {"start_time": 50_000, "end_time": 80_000}],
    },
    "milliseconds declared in rows": [
        {"start": 10_000, "end": 40_000, "unit": "milliseconds", "title": "A"},
        {"start": 50_000, "end": 80_000, "unit": "milliseconds", "title": "B"},
    ],
}


@pytest.mark.parametrize("name", SHAPES)
def test_f87_shapes(name: str) -> None:
    assert found(SHAPES[name]) == BOTH
    assert found("Here:\n```json\n" + json.dumps(SHAPES[name]) + "\n```") == BOTH


KEYS = [
    *(("start", "end"), ("startTime", "endTime"), ("Start_Time", "END_TIME"), ("start_seconds", "end_seconds"), ("start-time", "end-time")),
    *(("from", "to"), ("begin", "end"), ("begin", "finish"), ("start_timestamp", "end_timestamp"), ("time_start", "time_end")),
    *(("in", "out"), ("start_sec", "end_sec"), ("startSeconds", "endSeconds"), ("Start Time (s)", "End Time (s)"), ("start", "stop")),
    *(("start_time_in_seconds", "end_time_in_seconds"), ("starttime", "endtime"), ("timestamp_start", "timestamp_end")),
]


@pytest.mark.parametrize(("start", "end"), KEYS)
def test_f87_keys(start: str, end: str) -> None:
    assert found([{start: 10, end: 40, "title": "A"}, {start: "00:50", end: "01:20", "title": "B"}]) == BOTH
    assert refined({start: 11, end: 39}) == (11, 39)


@pytest.mark.parametrize(
    "value", ["00:10-00:40", "00:10 - 00:40", "[00:10 – 00:40]", "10 to 40", "0:10 --> 0:40", "10s-40s", "10-40 s", [10, "40"]]
)
@pytest.mark.parametrize("key", ["timestamp", "time", "time_range", "Timestamps"])
def test_f87_ranges(key: str, value: Any) -> None:
    assert found([{key: value, "title": "A"}]) == BOTH[:1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("[00:10]", 10), ("(0:10)", 10), ('"10"', 10), ("00:00:10:12", 10), ("00:01:10;02", 70), ("PT10S", 10), ("PT1M5S", 65)),
        *(("PT1H2M3.5S", 3723.5), ("pt90s", 90), ("10,5", 10.5), ("10,25 s", 10.25), ("0,500", 0.5), ("1m30s", 90), ("1 m 30 s", 90)),
        *(("90s", 90), ("90 sec", 90), ("90 seconds", 90), ("1.5 min", 90), ("1.5 minutes", 90), ("10000 ms", 10), ("10500ms", 10.5)),
        *(("1 hour 2 minutes 3 seconds", 3723), ("2 minutes and 3 seconds", 123), ("1 hr", 3600), ("1,010.5", 1010.5), ("1.010,5", 1010.5)),
        *(("1234,500", 1234.5), ("1'30\"", 90), ("1′30″", 90), ("１：３０", 90), ("2m", 120), ("01h02m03s", 3723), ("1:02:03", 3723)),
    ],
)
def test_f87_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["1,250", "10,500 s", "soon", "1:75", "PT", "P1D", "", "s", "1-2", "10 40", "~10", "1.2.3", "12:00 PM", "10:75:00:01", "½"]
)
def test_f87_what_has_no_or_two_meanings_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        parse_seconds(text)


@pytest.mark.parametrize("value", ["1-2 min", "10", "10-20-30", "soon - later", [10], [1, 2, 3], [True, 2], "", "-"])
def test_f87_what_is_no_range(value: Any) -> None:
    with pytest.raises(ValueError):
        parse_range(value)


def test_f87_what_is_not_read_is_named() -> None:
    some = parsed([A, {"start": "1,250", "end": 60}, [50, 80], {"start": 1, "start_offset": 9, "end": 20}, "x", {"start": 9}, B])
    assert [one.title for one in some.candidates] == ["A", "B"]
    assert [(one.row, one.reason) for one in some.dropped] == [
        (2, "start_time: not a number of seconds"),
        (3, "not an object"),
        (4, "start_time: start and start_offset disagree"),
        (5, "not an object"),
        (6, "end_time: missing"),
    ]
    beside = parsed({"moments": [A], "clips": [X]})
    assert [(one.title) for one in beside.candidates] == ["A"]
    assert [one.reason for one in beside.dropped] == ['"clips" beside "moments" is not read']


@pytest.mark.parametrize("value", ["soon", None, 5, [1], {}, "1:99"])
def test_f87_no_draft_stands_in_for_an_answer_whose_range_can_not_be_read(value: Any) -> None:
    last = {"timestamp": value, "title": "A"}
    with pytest.raises(ModelError):
        parse_generation(f"Draft: {json.dumps([B])}\nFinal: {json.dumps([last])}", duration=1000)
    some = parsed([last, B])
    assert ([one.title for one in some.candidates], [one.row for one in some.dropped]) == (["B"], [1])


def test_f87_the_model_is_told_which_rows() -> None:
    message = refused([{"start": "soon", "end": 9}, {"start": 5}, 7, {}, []])
    assert message == (
        "No row could be used; row 1: start_time: not a number of seconds; row 2: end_time: missing; row 3: not an object; and 2 more."
    )
    assert "3 start times and 2 end times" in refused({"start": [1, 2, 3], "end": [4, 5]})
    assert "a, b" in refused({"a": [A], "b": [B]})
    assert "original_one, better" in refused({"original_one": A, "better": B})


def test_f87_an_empty_list_beside_what_was_rejected_is_an_answer() -> None:
    assert found({"moments": [], "rejected": [X]}) == []
    assert found({"moments": [], "considered": [X]}) == []


def test_f87_a_flood_in_depth_or_breadth_ends() -> None:
    refused('{"a":' * 700 + "[]" + "}" * 700)
    refused("[" * 700 + "]" * 700)
    refused('[{"a":' * 300 + "1" + "}]" * 300)
    refused({f"k{n}": {f"j{m}": [1, {}] for m in range(50)} for n in range(200)})


# Refinement


def refined(value: Any) -> tuple[float, float]:
    one = parse_refinement(json.dumps(value), time_base=TimeBase.CLIP, length=60.0, moment=Interval(10.0, 40.0))
    return one.start_time, one.end_time


@pytest.mark.parametrize(
    "value",
    [
        {"start": 11, "end": 39},
        {"startTime": "0:11", "endTime": "0:39"},
        {"timestamp": "[00:11 - 00:39]"},
        {"start": 11, "duration": 28},
        {"original": {"start_time": 10, "end_time": 40}, "refined": {"start_time": 11, "end_time": 39}},
        {"moment": {"start_time": 11, "end_time": 39}, "notes": {"start_time": 1}},
        {"status": "ok", "result": {"boundaries": {"start": 11, "end": 39}}},
        [{"start": 11, "end": 39}],
        json.dumps({"start": 11, "end": 39}),
        {"start_ms": 11_000, "end_ms": 39_000},
    ],
)
def test_f87_refinements(value: Any) -> None:
    assert refined(value) == (11, 39)


def test_f87_a_refinement_of_two_meanings_is_refused() -> None:
    for value in ({"one": A, "other": B}, {"start": 11, "start_offset": 2, "end": 39}, {"start": "1,100", "end": 39}):
        with pytest.raises(ModelError):
            refined(value)


# Scores


def scores(*values: Any) -> list[float | None]:
    rows = [{"start_time": n, "end_time": n + 9, "title": "T", "score": value} for n, value in enumerate(values)]
    return [candidate.score for candidate in parsed(rows).candidates]


def test_f88_scores_with_one_meaning_are_read() -> None:
    assert scores("9/10", "3/10", "0,9", "90%", "45 %", "4 out of 5", "0.25") == [0.9, 0.3, 0.9, 0.9, 0.45, 0.8, 0.25]
    assert scores("9", 4, "7,5") == [0.9, 0.4, 0.75]
    assert [one.score for one in parsed([{"start": 1, "end": 20, "rating": "8/10"}]).candidates] == [0.8]


def test_f88_scores_without_one_are_absent_and_said() -> None:
    values = ["high", "11/10", "1/0", "120%", True, [1], 950, "1,250", "", None]
    assert scores(*values) == [None] * len(values)
    some = parsed([A | {"score": "high"}, B | {"score": None}, X])
    assert [one.score for one in some.candidates] == [None, None, 0.1]
    assert [(one.row, one.reason) for one in some.unread] == [(1, "score: high is no number from 0 to 1")]
    assert not some.dropped


def test_f88_ranking_puts_the_unscored_after_the_scored() -> None:
    def one(start: float, score: float | None) -> Candidate:
        return Candidate(start, start + 10, "T", score, "")

    absent, low, high = one(0, None), one(20, 0.0), one(40, 0.9)
    assert best_first([absent, low, high]) == [high, low, absent]
    assert deduplicate([absent, one(0.5, 0.2)]) == [one(0.5, 0.2)]
