"""Lines hold every word once and end where a speaker pauses; windows hold every line and fit the model."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st
from transcripts import words

from videomoments.inference.transcript import Segment, Word
from videomoments.moments.lines import Line, build_lines, lines_within, words_near
from videomoments.moments.windows import estimate_tokens, line_tokens, split_windows


def spoken(text: str, gaps: dict[int, float] | None = None) -> list[Word]:
    """Words of 0.3 s, 0.1 s apart, with other gaps before some."""
    result, time = [], 0.0
    for index, word in enumerate(text.split()):
        time += (gaps or {}).get(index, 0.1 if index else 0.0)
        result.append(Word(round(time, 3), round(time + 0.3, 3), word))
        time += 0.3
    return result


def texts(source: list[Word]) -> list[str]:
    return [line.text for line in build_lines(source)]


def test_lines_end_at_sentences_and_pauses() -> None:
    assert texts(spoken("Hello there. How are you? Fine")) == ["Hello there.", "How are you?", "Fine"]
    assert texts(spoken("one two three", {2: 0.8})) == ["one two", "three"]
    assert texts(spoken("one two three", {2: 0.79})) == ["one two three"]


def test_abbreviations_initials_and_trailing_off_end_no_line() -> None:
    assert texts(spoken("Ask Dr. Smith and J. Doe, e.g. today.")) == ["Ask Dr. Smith and J. Doe, e.g. today."]
    assert texts(spoken("Well... maybe not. So I. Said")) == ["Well... maybe not.", "So I.", "Said"]
    assert texts(spoken('He said "stop." Then left.')) == ['He said "stop."', "Then left."]


def test_scripts_without_spaces_are_joined_without_any() -> None:
    assert texts(spoken("猫 です。 和 平")) == ["猫です。", "和平"]


def test_long_speech_is_cut_at_its_pauses() -> None:
    source = spoken(" ".join(f"w{n}" for n in range(150)), {70: 0.7})
    lines = build_lines(source)
    assert lines[0].text.endswith("w69") or any(line.text.endswith(" w69") for line in lines)
    assert all(line.end - line.start <= 25.0 for line in lines)


def test_segments_stand_in_for_words() -> None:
    lines = build_lines([], [Segment(5.0, 9.0, " second  one "), Segment(1.0, 4.0, "first"), Segment(9.0, 9.5, "  ")])
    assert lines == [Line(1, 1.0, 4.0, "first"), Line(2, 5.0, 9.0, "second one")]
    assert build_lines([], []) == []


@given(words())
def test_every_word_lies_in_exactly_one_line_in_order(source: list[Word]) -> None:
    lines = build_lines(source)
    assert [line.n for line in lines] == list(range(1, len(lines) + 1))
    assert "".join(line.text.replace(" ", "") for line in lines) == "".join(word.text for word in source)
    starts = {word.start for word in source}
    for before, after in itertools.pairwise(lines):
        assert before.end <= after.start + 1e-9
    for line in lines:
        assert line.start in starts
        assert line.start <= line.end


@given(words(min_size=2))
def test_a_pause_of_eight_tenths_always_ends_a_line(source: list[Word]) -> None:
    starts = {line.start for line in build_lines(source)}
    for before, after in itertools.pairwise(source):
        if after.start - before.end >= 0.8:
            assert after.start in starts


@given(words(min_size=1))
def test_lines_stay_short(source: list[Word]) -> None:
    longest = max(word.end - word.start for word in source)
    assert all(line.end - line.start <= max(25.0, longest) for line in build_lines(source))


def test_parts_of_a_transcript() -> None:
    lines = [Line(n, n * 10.0, n * 10.0 + 9, "x") for n in range(10)]
    assert [line.n for line in lines_within(lines, 29.0, 40.0)] == [3]
    source = [Word(float(n), n + 0.5, "x") for n in range(100)]
    near = words_near(source, [20.0, 80.0], reach=2.0)
    assert [word.start for word in near] == [18, 19, 20, 21, 22, 78, 79, 80, 81, 82]


# Windows


@given(words(min_size=1, max_size=120), st.integers(700, 3000), st.integers(100, 400))
def test_f53_windows_cover_every_line_in_order_and_fit(source: list[Word], context: int, answer: int) -> None:
    lines = build_lines(source)
    windows = split_windows(lines, context_tokens=context, answer_tokens=answer, fixed_text="be good")
    covered = [line.n for window in windows for line in window.lines]
    assert sorted(set(covered)) == [line.n for line in lines]
    for window in windows:
        numbers = [line.n for line in window.lines]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        cost = sum(line_tokens(line) for line in window.lines)
        assert cost <= max(context - answer - 256 - estimate_tokens("be good"), context // 8, 64) or len(window.lines) == 1
    for before, after in itertools.pairwise(windows):
        assert before.lines[0].n < after.lines[0].n <= before.lines[-1].n + 1
        assert before.lines[-1].n < after.lines[-1].n


def test_f53_three_hours_are_read_in_overlapping_windows() -> None:
    sentence = "and that is the reason why we measured it again before anybody believed the number, of course."
    lines = [Line(n + 1, n * 6.0, n * 6.0 + 5.5, sentence) for n in range(1800)]
    windows = split_windows(lines, context_tokens=32_768, answer_tokens=4096, fixed_text="x" * 3000)
    assert 3 <= len(windows) <= 8
    for before, after in itertools.pairwise(windows):
        shared = before.interval.overlap(after.interval)
        assert 60 <= shared <= 95
    assert windows[-1].interval.end == lines[-1].end


def test_a_model_of_large_context_reads_all_at_once() -> None:
    lines = [Line(n + 1, n * 6.0, n * 6.0 + 5.5, "words " * 30) for n in range(1800)]
    assert len(split_windows(lines, context_tokens=5_000_000, answer_tokens=4096)) == 1
    assert split_windows([], context_tokens=4096, answer_tokens=1000) == []


def test_a_line_longer_than_the_context_is_shortened() -> None:
    (window,) = split_windows([Line(1, 0.0, 9.0, "word " * 5000)], context_tokens=2048, answer_tokens=512)
    assert line_tokens(window.lines[0]) <= 2048 - 512


@given(st.text(max_size=200))
def test_the_estimate_is_on_the_safe_side(text: str) -> None:
    assert estimate_tokens(text) >= len(text.encode("utf-8", "replace")) / 3 - 1
    assert estimate_tokens("0123456789" * 3) == 30
    assert estimate_tokens(json.dumps(text)) >= estimate_tokens("") == 0
