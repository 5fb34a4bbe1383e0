"""A moment loses what people skip at its edges, never gains, and is dropped when little else is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken_lines import spoken_lines

from videomoments.core.times import Interval
from videomoments.moments.lines import Line
from videomoments.moments.skipping import SkipKind, without_skipped

S, N = SkipKind.SPONSOR, None


def ten_seconds(count: int) -> list[Line]:
    """Lines of 9 s, each beginning at a whole 10 s."""
    return [Line(n + 1, n * 10.0, n * 10.0 + 9.0, f"Line {n}") for n in range(count)]


def trimmed(start: float, end: float, kinds: Sequence[SkipKind | None], shortest: float = 0.0) -> Interval | None:
    return without_skipped(start, end, ten_seconds(len(kinds)), kinds, shortest=shortest)


def test_a_moment_begins_after_what_is_skipped() -> None:
    assert trimmed(0, 59, [S, S, N, N, N, N]) == Interval(20, 59)


def test_a_moment_ends_before_what_is_skipped() -> None:
    assert trimmed(0, 59, [N, N, N, N, SkipKind.SIGN_OFF, SkipKind.FILLER]) == Interval(0, 39)


def test_a_moment_without_skipped_edges_stays_as_it_is() -> None:
    assert trimmed(-0.12, 59.2, [N, N, N, N, N, N]) == Interval(-0.12, 59.2)


def test_a_skipped_part_in_the_middle_divides_nothing() -> None:
    assert trimmed(0, 59, [N, N, S, N, N, N]) == Interval(0, 59)


def test_a_moment_that_is_mostly_skipped_is_dropped() -> None:
    assert trimmed(0, 59, [N, S, S, S, S, N]) is None
    assert trimmed(0, 59, [S, S, S, S, S, S]) is None


def test_a_short_rest_is_dropped_only_where_most_was_skipped() -> None:
    assert trimmed(0, 59, [S, S, S, S, N, N], shortest=25) is None
    assert trimmed(0, 59, [S, S, S, S, N, N], shortest=15) == Interval(40, 59)
    assert trimmed(0, 59, [S, S, N, N, N, N], shortest=45) == Interval(20, 59)


def test_an_edge_inside_a_skipped_line_leaves_it() -> None:
    assert trimmed(8, 39, [S, N, N, N]) == Interval(10, 39)
    assert trimmed(0, 31, [N, N, N, S]) == Interval(0, 29)
    assert trimmed(8, 8.5, [S, N]) is None


def test_a_moment_without_lines_stays() -> None:
    assert without_skipped(3.0, 8.0, [], []) == Interval(3.0, 8.0)
    assert without_skipped(8.0, 8.0, [], []) is None


def test_labels_belong_to_lines() -> None:
    with pytest.raises(ValueError):
        without_skipped(0, 9, ten_seconds(2), [None])


LABELS = st.lists(st.sampled_from([None, None, *SkipKind]), min_size=1, max_size=25)


@given(LABELS, st.floats(-5, 200), st.floats(0.5, 200), st.floats(0, 60), st.data())
def test_a_moment_never_grows_and_never_begins_in_what_is_skipped(
    kinds: list[SkipKind | None], start: float, length: float, shortest: float, data: st.DataObject
) -> None:
    texts = data.draw(
        st.lists(
            st.sampled_from(["Um.", "A few words here.", "one two three four five six seven eight"]),
            min_size=len(kinds),
            max_size=len(kinds),
        )
    )
    lines = spoken_lines(texts)
    left = without_skipped(start, start + length, lines, kinds, shortest=shortest)
    if left is None:
        return
    assert start <= left.start < left.end <= start + length
    skipped = [line for line, kind in zip(lines, kinds, strict=True) if kind is not None]
    assert not any(line.start <= left.start < line.end for line in skipped)
    assert not any(line.start < left.end <= line.end for line in skipped)
    # The first and the last line that it touches are watched.
    touched = [kind for line, kind in zip(lines, kinds, strict=True) if line.start < left.end and line.end > left.start]
    assert not touched or (touched[0] is None and touched[-1] is None)
    assert without_skipped(left.start, left.end, lines, kinds) == left
