"""Boundaries: never inside a word, never beyond the measured duration (F47), within the limits wherever there is a way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts import words

from videomoments.core.errors import InvalidInput
from videomoments.core.times import Interval
from videomoments.inference.transcript import Word
from videomoments.moments.lines import build_lines
from videomoments.moments.merging import deduplicate, free_stretch
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import Candidate
from videomoments.moments.ranking import rank, select_moments
from videomoments.moments.snapping import Snapper

EPSILON = 0.0011  # results are whole milliseconds

seconds = st.floats(-10, 120)


@st.composite
def limits(draw: st.DrawFn) -> MomentLimits:
    shortest = draw(st.floats(0.5, 30))
    return MomentLimits(draw(st.integers(1, 8)), shortest, shortest + draw(st.floats(0, 60)))


def inside_word(time: float, source: list[Word]) -> bool:
    return any(word.start + EPSILON < time < word.end - EPSILON for word in source)


def lecture() -> tuple[list[Word], Snapper]:
    """Twelve sentences of 4 s with 0.5 s between them: 0 to 4, 4.5 to 8.5, …, 49.5 to 53.5; 60 s long."""
    source = []
    for n in range(12):
        at = n * 4.5
        source += [Word(at + k, at + k + (1.0 if k == 3 else 0.9), f"w{k}" + ("." if k == 3 else "")) for k in range(4)]
    return source, Snapper(build_lines(source), source, 60.0)


def test_sentences_get_a_little_room_on_either_side() -> None:
    _, snapper = lecture()
    assert snapper.to_lines(Interval(9.0, 22.0), MomentLimits(5, 5, 60)) == Interval(8.88, 22.2)


def test_a_moment_that_starts_and_ends_inside_sentences_takes_whole_ones() -> None:
    _, snapper = lecture()
    assert snapper.to_lines(Interval(10.2, 20.5), MomentLimits(5, 5, 60)) == Interval(8.88, 22.2)


def test_too_short_grows_and_too_long_loses_its_last_sentences() -> None:
    _, snapper = lecture()
    grown = snapper.to_lines(Interval(9.0, 13.0), MomentLimits(5, 12, 60))
    assert grown == Interval(8.88, 22.2)
    cut = snapper.to_lines(Interval(9.0, 50.0), MomentLimits(5, 5, 15))
    assert cut == Interval(8.88, 22.2)


def test_at_the_end_of_a_recording_too_short_grows_backward() -> None:
    _, snapper = lecture()
    assert snapper.to_lines(Interval(50.0, 53.0), MomentLimits(5, 12, 60)) == Interval(40.38, 53.7)
    assert snapper.to_lines(Interval(50.0, 53.0), MomentLimits(5, 4.2, 8)) == Interval(49.38, 53.7), "the line before would be too much"


def test_too_short_grows_towards_the_nearer_neighbour() -> None:
    source = [Word(0, 4, "a."), Word(7, 11, "b."), Word(16, 20, "c."), Word(21, 25, "d.")]
    snapper = Snapper(build_lines(source), source, 30.0)
    assert snapper.to_lines(Interval(7.0, 11.0), MomentLimits(5, 8, 60)) == Interval(0.0, 11.2), "3 s before, 5 s after"
    assert snapper.to_lines(Interval(16.0, 20.0), MomentLimits(5, 8, 60)) == Interval(15.88, 25.2), "5 s before, 1 s after"
    even = [Word(0, 4, "a."), Word(7, 11, "b."), Word(14, 18, "c.")]
    snapper = Snapper(build_lines(even), even, 30.0)
    assert snapper.to_lines(Interval(7.0, 11.0), MomentLimits(5, 8, 60)) == Interval(6.88, 18.2), "as far on either side: it goes on"


def test_refined_edges_grow_backward_where_the_recording_ends() -> None:
    _, snapper = lecture()
    # To 60, which is not enough; from there 10 s back, inside the word that begins at 49.5.
    assert snapper.to_words(Interval(52.7, 53.4), MomentLimits(5, 10, 60)) == Interval(49.5, 60.0)
    # The whole word would be 10.5 s: it begins at the next one.
    assert snapper.to_words(Interval(52.7, 53.4), MomentLimits(5, 10, 10.2)) == Interval(50.5, 60.0)


def test_a_refined_edge_inside_a_word_moves_out_of_it() -> None:
    source, snapper = lecture()
    snapped = snapper.to_words(Interval(9.2, 21.7))
    assert not inside_word(snapped.start, source)
    assert not inside_word(snapped.end, source)
    assert snapped == Interval(8.88, 22.2)


def test_an_edge_in_a_long_pause_may_stay() -> None:
    source = [Word(0, 5, "a."), Word(20, 25, "b.")]
    snapper = Snapper(build_lines(source), source, 30.0)
    assert snapper.to_words(Interval(12.0, 27.0)) == Interval(12.0, 27.0)
    assert snapper.to_words(Interval(19.7, 25.4)) == Interval(19.7, 25.4), "a change of shot close to the speech"
    assert snapper.to_words(Interval(19.3, 25.8)) == Interval(19.88, 25.2)
    assert snapper.to_words(Interval(19.99, 25.01)) == Interval(19.88, 25.2)


@pytest.mark.parametrize(
    ("silence", "start"),
    [
        (Interval(5.2, 6.7), 6.88),  # the usual lead-in; what sounds between 6.7 and 6.88 is not the word's
        (Interval(5.2, 6.89), 6.87),  # the word sounds from 6.89 on: the cut is 20 ms earlier, inside the silence
        (Interval(5.2, 6.895), 6.875),
        (Interval(5.2, 6.95), 6.88),  # the usual lead-in lies in the silence already
        (Interval(6.8, 6.89), 6.88),  # too short to be a silence
        (Interval(7.0, 7.1), 6.88),
    ],
)
def test_a_lead_in_begins_in_the_silence(silence: Interval, start: float) -> None:
    source = [Word(0, 5, "a."), Word(7, 12, "b.")]
    snapper = Snapper(build_lines(source), source, 30.0, [silence])
    assert snapper.to_words(Interval(7.0, 12.0)).start == start
    assert snapper.to_lines(Interval(7.0, 12.0), MomentLimits(1, 1, 60)).start == start


def test_a_lead_in_takes_at_most_half_the_pause_before() -> None:
    source = [Word(0, 6.9, "a."), Word(7, 12, "b.")]
    assert Snapper(build_lines(source), source, 30.0).to_words(Interval(7.0, 12.0)).start == 6.95


def test_a_word_that_a_recogniser_began_in_the_silence_begins_where_the_sound_does() -> None:
    source = [Word(0, 5.5, "a."), Word(6.4, 12, "b.")]
    silences = [Interval(5.0, 7.0), Interval(9.0, 9.1), Interval(13.0, 40.0)]
    snapper = Snapper(build_lines(source), source, 30.0, silences)
    assert snapper.to_lines(Interval(6.4, 12.0), MomentLimits(1, 1, 60)) == Interval(6.88, 12.2)
    assert snapper.to_lines(Interval(0.0, 5.0), MomentLimits(1, 1, 60)) == Interval(0.0, 5.2)
    assert snapper.to_words(Interval(6.5, 12.0)) == Interval(6.5, 12.2), "in the silence, close to the word: left alone"


@given(words(max_size=40), st.lists(st.tuples(st.floats(0, 60), st.floats(0, 5)), max_size=12), seconds, seconds, limits())
def test_silences_never_push_a_stretch_out_of_the_recording(
    source: list[Word], quiet: list[tuple[float, float]], start: float, end: float, limit: MomentLimits
) -> None:
    duration = max((word.end for word in source), default=5.0)
    silences = [Interval(low, low + size) for low, size in quiet]
    snapper = Snapper(build_lines(source), source, duration, silences)
    wanted = Interval(min(start, end), max(start, end))
    for snapped in (snapper.to_lines(wanted, limit), snapper.to_words(wanted, limit), snapper.to_words(wanted)):
        assert 0 <= snapped.start <= snapped.end <= duration
    assert snapper.to_lines(wanted, limit).duration <= limit.max_duration + EPSILON


@given(words(max_size=40), seconds, seconds, st.floats(0.1, 100), limits())
def test_f47_snapped_stretches_stay_inside_and_off_words(
    source: list[Word], start: float, end: float, duration: float, limit: MomentLimits
) -> None:
    source = [word for word in source if word.end <= duration]
    lines = build_lines(source)
    snapper = Snapper(lines, source, duration)
    wanted = Interval(min(start, end), max(start, end))
    fits = all(word.end - word.start <= limit.max_duration for word in source)
    for snapped in (snapper.to_lines(wanted, limit), snapper.to_words(wanted, limit), snapper.to_words(wanted)):
        assert 0 <= snapped.start <= snapped.end <= duration
        if fits:
            assert not inside_word(snapped.start, source)
            assert not inside_word(snapped.end, source)


@given(words(min_size=1, max_size=40), seconds, seconds, limits())
def test_the_longest_duration_holds_always(source: list[Word], start: float, end: float, limit: MomentLimits) -> None:
    duration = max(word.end for word in source) + 1
    snapper = Snapper(build_lines(source), source, duration)
    wanted = Interval(min(start, end), max(start, end))
    for snapped in (snapper.to_lines(wanted, limit), snapper.to_words(wanted, limit)):
        assert snapped.duration <= limit.max_duration + EPSILON


@given(seconds, seconds, st.floats(0, 100), limits())
def test_without_a_transcript_the_clock_is_enough(start: float, end: float, duration: float, limit: MomentLimits) -> None:
    snapped = Snapper([], [], duration).to_lines(Interval(min(start, end), max(start, end)), limit)
    assert 0 <= snapped.start <= snapped.end <= duration
    assert snapped.duration <= limit.max_duration + EPSILON
    assert snapped.duration >= min(limit.min_duration, duration) - EPSILON


def test_where_there_is_room_the_shortest_duration_holds() -> None:
    source, snapper = lecture()
    for shortest in (3.0, 10.0, 20.0, 45.0):
        for start in range(0, 54, 3):
            snapped = snapper.to_lines(Interval(start, start + 2.0), MomentLimits(5, shortest, shortest + 12))
            assert snapped.duration >= shortest
            assert not inside_word(snapped.start, source)
            assert not inside_word(snapped.end, source)


def test_limits_must_make_sense() -> None:
    for count, shortest, longest in ((0, 1, 2), (1, 5, 2), (1, 0, 2), (1, 1, float("inf")), (1, float("nan"), 2)):
        with pytest.raises(InvalidInput):
            MomentLimits(count, shortest, longest)


# Merging and choosing

candidates = st.builds(
    lambda start, length, score, title: Candidate(start, start + length, title, score, ""),
    st.floats(0, 90),
    st.floats(0.5, 40),
    st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]),
    st.sampled_from(["", "One", "Two"]),
)


@given(st.lists(candidates, max_size=20))
def test_duplicates_leave_the_best(found: list[Candidate]) -> None:
    kept = deduplicate(found)
    assert kept == sorted(kept, key=lambda candidate: -candidate.score)
    for index, one in enumerate(kept):
        assert all(one.interval.iou(other.interval) < 0.5 for other in kept[:index])
    for lost in set(found) - set(kept):
        assert any(lost.interval.iou(other.interval) >= 0.5 and other.score >= lost.score for other in kept)
    assert deduplicate(reversed(found)) == kept or len({(c.score, c.start, c.end) for c in found}) < len(found)


@given(st.lists(candidates, max_size=20), st.integers(1, 5))
def test_ranking_caps_and_orders(found: list[Candidate], count: int) -> None:
    kept = rank(found, count)
    assert len(kept) == min(count, len(found))
    assert [candidate.start for candidate in kept] == sorted(candidate.start for candidate in kept)
    assert sorted((c.score for c in kept), reverse=True) == sorted((c.score for c in found), reverse=True)[:count]


def test_equal_scores_do_not_keep_the_beginning_alone() -> None:
    found = [Candidate(n * 100.0, n * 100.0 + 20, f"T{n}", 0.5, "") for n in range(100)]
    kept = rank(found, 8)
    assert kept[0].start == 0.0
    assert kept[-1].start > 7000
    assert all(after.start - before.start >= 300 for before, after in pairwise(kept))
    best = Candidate(150.0, 170.0, "Best", 0.9, "")
    assert best in rank([*found, best], 1)


@given(st.floats(0, 50), st.floats(0, 50), st.lists(st.tuples(st.floats(0, 60), st.floats(0, 20)), max_size=6))
def test_the_free_stretch_is_free(start: float, length: float, spans: list[tuple[float, float]]) -> None:
    whole, taken = Interval(start, start + length), [Interval(low, low + size) for low, size in spans]
    free = free_stretch(whole, taken)
    assert whole.start <= free.start <= free.end <= whole.end
    assert all(free.overlap(other) <= 1e-9 for other in taken)


@given(words(min_size=1, max_size=60), st.lists(candidates, max_size=12), limits())
def test_chosen_moments_keep_every_promise(source: list[Word], found: list[Candidate], limit: MomentLimits) -> None:
    duration = max(word.end for word in source) + 2
    lines = build_lines(source)
    chosen = select_moments(found, snapper=Snapper(lines, source, duration), lines=lines, limits=limit)
    assert len(chosen) <= limit.max_moments
    for before, after in pairwise(chosen):
        assert before.end <= after.start
    for moment in chosen:
        assert 0 <= moment.start < moment.end <= duration
        assert moment.interval.duration <= limit.max_duration + EPSILON
        assert moment.title
        if all(word.end - word.start <= limit.max_duration for word in source):
            assert not inside_word(moment.start, source)
            assert not inside_word(moment.end, source)


def test_a_neighbour_that_overlaps_by_a_sentence_is_shortened_not_lost() -> None:
    source, snapper = lecture()
    found = [Candidate(0.0, 22.0, "Best", 0.9, ""), Candidate(18.0, 40.0, "Next", 0.8, ""), Candidate(1.0, 21.0, "Same", 0.7, "")]
    chosen = select_moments(found, snapper=snapper, lines=build_lines(source), limits=MomentLimits(5, 5, 60))
    assert [moment.title for moment in chosen] == ["Best", "Next"]
    assert chosen[0].end <= chosen[1].start < 23.0
