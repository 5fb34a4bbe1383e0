"""Whatever a model writes: no crash, no invalid row (F44, F45, F46, F47, F48)."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from broken_answers import ANSWERS, VALID
from hypothesis import given
from hypothesis import strategies as st

from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.moments.parsing import (
    AbsoluteRefinement,
    ClipRefinement,
    Generation,
    parse_generation,
    parse_refinement,
    to_absolute,
)
from videomoments.moments.prompt_texts import TimeBase
from videomoments.moments.timecodes import parse_seconds

DURATION = 200.0


def assert_valid(generation: Generation, low: float = 0.0, high: float = DURATION) -> None:
    seen = set()
    for candidate in generation.candidates:
        assert all(math.isfinite(value) for value in (candidate.start, candidate.end))
        assert low <= candidate.start < candidate.end <= high
        assert candidate.score is None or 0 <= candidate.score <= 1
        assert len(candidate.title) <= 120
        assert candidate.title.isprintable() or not candidate.title
        seen.add((candidate.start, candidate.end))
    assert len(seen) == len(generation.candidates)


def attempt(text: str, **options: Any) -> Generation | str:
    """What was parsed, or the code of the error."""
    try:
        return parse_generation(text, duration=DURATION, **options)
    except ModelError as error:
        return error.code


def test_f44_there_are_enough_fixtures() -> None:
    assert len(ANSWERS) >= 60


@pytest.mark.parametrize("name", ANSWERS)
def test_f44_broken_answers(name: str) -> None:
    text, expected = ANSWERS[name]
    if isinstance(expected, str):
        with pytest.raises(ModelError) as caught:
            parse_generation(text, duration=DURATION)
        assert caught.value.code == expected
        assert 10 < len(caught.value.message) < 300
    else:
        generation = parse_generation(text, duration=DURATION)
        assert_valid(generation)
        assert len(generation.candidates) == expected


def test_f44_rows_keep_what_they_say() -> None:
    first, second = parse_generation(VALID, duration=DURATION).candidates
    assert (first.start, first.end, first.title, first.score, first.reason) == (10, 40, "First", 0.9, "good")
    assert second.title == "Second"


def test_f45_ten_thousand_moments() -> None:
    rows = [{"start_time": n * 0.01, "end_time": n * 0.01 + 15, "title": f"T{n}"} for n in range(10_000)]
    generation = parse_generation(json.dumps(rows), duration=DURATION)
    assert_valid(generation)
    assert len(generation.candidates) <= 2000
    assert len(generation.dropped) <= 50


def test_f45_scores_out_of_ten_or_percent() -> None:
    def scores(*values: Any) -> list[float | None]:
        rows = [{"start_time": n, "end_time": n + 9, "title": "T", "score": value} for n, value in enumerate(values)]
        return [candidate.score for candidate in parse_generation(json.dumps(rows), duration=DURATION).candidates]

    assert scores(0.25, 1) == [0.25, 1.0]
    assert scores(9, 4) == [0.9, 0.4]
    assert scores("90%", 40, None) == [0.9, 0.4, None]
    assert scores(-3, float("inf"), "good", True) == [0.0, None, None, None]


json_values = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=20)
    | st.floats(-10, 250)
    | st.sampled_from(["1:30", "00:01:30.5", "-3", "1e9", "٣", [], [1.0], {}, {"start_time": 1}, 10**400])
)
rows = st.lists(
    st.none() | st.fixed_dictionaries({}, optional=dict.fromkeys(("start_time", "end_time", "title", "score", "reason"), json_values)),
    max_size=6,
)


@given(rows, st.floats(0, 150), st.floats(1, 50))
def test_f45_rows_of_anything_give_only_valid_moments(content: list[Any], start: float, length: float) -> None:
    found = attempt(json.dumps(content), shown=Interval(start, start + length))
    if isinstance(found, Generation):
        assert_valid(found, start, start + length)
    else:
        assert found == "model_bad_answer"


@given(st.text(max_size=300) | st.text(alphabet='[]{}",:\\ntrue0123456789.-e`<think>/', max_size=300))
def test_f44_any_text_parses_or_raises_typed(text: str) -> None:
    for finish in (None, "stop", "length"):
        found = attempt(text, finish_reason=finish)
        if isinstance(found, Generation):
            assert_valid(found)
        else:
            assert found in ("model_bad_answer", "model_truncated")


@given(st.data())
def test_f44_a_valid_answer_cut_or_damaged_anywhere(data: st.DataObject) -> None:
    text = f"Here: ```json\n{VALID}\n```"
    cut = data.draw(st.integers(0, len(text)))
    damaged = (
        text[:cut]
        + data.draw(st.sampled_from(["", "}", "]", '"', ",", "\n", "\x00", "{", "["]))
        + text[cut + data.draw(st.integers(0, 3)) :]
    )
    for broken in (text[:cut], damaged):
        found = attempt(broken)
        if isinstance(found, Generation):
            assert_valid(found)
        else:
            assert found == "model_bad_answer"


def test_f46_cut_for_length_is_typed_unless_the_answer_is_whole() -> None:
    with pytest.raises(ModelError) as caught:
        parse_generation(VALID[:-20], duration=DURATION, finish_reason="length")
    assert caught.value.code == "model_truncated"
    with pytest.raises(ModelError) as caught:
        parse_generation("", duration=DURATION, finish_reason="length")
    assert caught.value.code == "model_truncated"
    assert len(parse_generation(VALID + "\n\nThese were", duration=DURATION, finish_reason="length").candidates) == 2


@given(st.integers(1, len(VALID) - 1))
def test_f46_no_half_read_number_becomes_a_time(cut: int) -> None:
    try:
        found = parse_generation(VALID[:cut], duration=DURATION)
    except ModelError:
        return
    assert {(candidate.start, candidate.end) for candidate in found.candidates} <= {(10.0, 40.0), (50.0, 80.0)}


def test_f47_ends_are_clamped_to_the_measured_duration() -> None:
    (candidate,) = parse_generation('[{"start_time": 150, "end_time": 230, "title": "T"}]', duration=DURATION).candidates
    assert (candidate.start, candidate.end) == (150.0, DURATION)


def test_f53_rows_outside_what_a_window_showed_are_dropped() -> None:
    generation = parse_generation(VALID, duration=DURATION, shown=Interval(45.0, 200.0))
    assert [candidate.title for candidate in generation.candidates] == ["Second"]
    assert "outside" in generation.dropped[0].reason


# Refinement

MOMENT = Interval(3.0, 23.0)


def refine(text: str, base: TimeBase = TimeBase.CLIP, length: float = 26.0, **options: Any) -> ClipRefinement | AbsoluteRefinement:
    return parse_refinement(text, time_base=base, length=length, moment=MOMENT, **options)


def test_f48_clip_times_become_absolute_by_the_clips_real_start() -> None:
    """The moment begins at 30 s, the clip 3 s before it: 2 to 5 s of the clip is 29 to 32 s of the recording."""
    refinement = refine('{"start_time": 2, "end_time": 5, "reason": "r"}')
    assert isinstance(refinement, ClipRefinement)
    assert to_absolute(refinement, 27.0) == Interval(29.0, 32.0)
    with pytest.raises(ValueError):
        to_absolute(refinement, None)


def test_f48_absolute_times_stay() -> None:
    refinement = refine('{"start_time": "0:04", "end_time": 21.5}', TimeBase.ABSOLUTE, 200.0)
    assert isinstance(refinement, AbsoluteRefinement)
    assert to_absolute(refinement, 27.0) == to_absolute(refinement, None) == Interval(4.0, 21.5)


def test_f48_absolute_answers_to_a_clip_are_refused_not_guessed() -> None:
    with pytest.raises(ModelError, match=r"between 0 and 26\.00 seconds"):
        refine('{"start_time": 30.0, "end_time": 50.0}')


def test_f48_a_stretch_without_the_moment_is_refused() -> None:
    with pytest.raises(ModelError, match="must overlap the moment"):
        refine('{"start_time": 24, "end_time": 26}')


@pytest.mark.parametrize("name", ANSWERS)
def test_f44_broken_refinements(name: str) -> None:
    refinement = None
    with contextlib.suppress(ModelError):
        refinement = refine(ANSWERS[name][0])
    if refinement is not None:
        assert 0 <= refinement.start_time < refinement.end_time <= 26.0


def test_refinements_in_other_dress() -> None:
    for text in (
        '[{"start_time": 4, "end_time": 20}]',
        '{"refined": {"start_time": 4, "end_time": 20}, "ok": true}',
        'It was {"start_time": 3, "end_time": 23}, better is ```json\n{"start_time": 4, "end_time": 20}\n```',
    ):
        assert (refine(text).start_time, refine(text).end_time) == (4.0, 20.0)
    slightly_out = refine('{"start_time": -0.5, "end_time": 27, "title": " **New**  title ", "reason": 3}')
    assert (slightly_out.start_time, slightly_out.end_time, slightly_out.title, slightly_out.reason) == (0.0, 26.0, "New title", "")
    with pytest.raises(ModelError) as caught:
        refine('{"start_time": 4, "end_', finish_reason="length")
    assert caught.value.code == "model_truncated"
    with pytest.raises(ModelError, match="breaks off"):
        refine('{"start_time": 4, "end_time": 2')


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:30", 90),
        ("00:01:30.5", 90.5),
        ("00:01:30,500", 90.5),
        ("90.5s", 90.5),
        ("90", 90),
        ("1h2m3s", 3723),
        ("100:00", 6000),
        (".5", 0.5),
    ],
)
def test_f45_times_as_models_write_them(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@given(st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.text(alphabet="0123456789:.,hms -+e", max_size=12))
def test_f45_a_time_is_finite_or_refused(value: Any) -> None:
    with contextlib.suppress(ValueError):
        assert math.isfinite(parse_seconds(value))
