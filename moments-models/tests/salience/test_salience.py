"""The salience scorer and the choice by it: ranks and features of made texts, its arithmetic, and stretches that keep the limits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_models.salience import trained
from moments_models.salience.line_features import VERSION, describe, ranked
from moments_models.salience.salience_scorer import FILE_VARIABLE, SalienceScorer
from moments_models.salience.salient_spans import most_salient_spans
from moments_models.task_blocks import LimitsBlock, LineBlock

LIMITS = LimitsBlock(max_moments=1000, min_duration=15.0, max_duration=90.0)


def made(count: int, *, seconds: float = 4.0, seed: int = 5) -> tuple[list[LineBlock], np.ndarray]:
    generator = np.random.default_rng(seed)
    texts = ["So, what is next?", "Yes.", "It depends on how the valve is set, which nobody knows.", "and so on 12"]
    lines = [LineBlock(n=at + 1, start=at * seconds, end=(at + 1) * seconds, text=texts[at % 4]) for at in range(count)]
    vectors = generator.normal(size=(count, 384)).astype(np.float32)
    return lines, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_equal_values_share_a_rank_and_ranks_fill_the_scale() -> None:
    assert ranked(np.array([3.0, 1.0, 2.0])).tolist() == [0.5, -0.5, 0.0]
    assert ranked(np.array([1.0, 1.0, 5.0])).tolist() == [-0.25, -0.25, 0.5]
    assert ranked(np.array([7.0])).tolist() == [0.0]


def test_wording_is_measured_for_a_line_and_around_it() -> None:
    lines, vectors = made(12)
    found = describe(lines, vectors)
    column = {name: found.wording[:, at] for at, name in enumerate(found.names)}
    assert column["words"].argmax() % 4 == 2, "the longest line"
    assert column["numbers_1"][:2].max() < column["numbers_1"][2:].max(), "the line with a number, and its neighbours"
    assert column["questions_1"][0] > column["questions_1"][2]
    assert found.wording.min() >= -0.5
    assert found.wording.max() <= 0.5


def test_the_meaning_of_a_recording_as_a_whole_says_nothing() -> None:
    lines, vectors = made(9)
    meaning = describe(lines, vectors).meaning
    assert meaning.shape == (9, 768)
    assert np.abs(meaning.mean(axis=0)).max() < 1e-6


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 60))
def test_every_line_has_a_share_however_short_the_text(count: int) -> None:
    shares = trained().shares(*made(count))
    assert shares.shape == (count,)
    assert np.isfinite(shares).all()


def test_the_share_is_the_sum_of_weighted_features() -> None:
    lines, vectors = made(8)
    found = describe(lines, vectors)
    wording = np.zeros(len(found.names))
    wording[found.names.index("words")] = 2.0
    meaning = np.zeros(768)
    meaning[3] = 10.0
    scorer = SalienceScorer(
        {"version": np.array(VERSION), "names": np.array(found.names), "wording": wording, "meaning": meaning, "usual": np.array(0.25)}
    )
    expected = 0.25 + 2.0 * found.wording[:, found.names.index("words")] + 10.0 * found.meaning[:, 3]
    assert scorer.shares(lines, vectors) == pytest.approx(expected)


def test_weights_of_other_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {
        "version": np.array(VERSION),
        "names": np.array(["a"]),
        "wording": np.ones(1),
        "meaning": np.ones(768),
        "usual": np.array(0.3),
    }
    with pytest.raises(ValueError, match="features"):
        SalienceScorer(arrays | {"version": np.array(VERSION + 1)})
    np.savez(tmp_path / "own.npz", **arrays)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "own.npz"))
    trained.cache_clear()
    try:
        with pytest.raises(ValueError, match="other features"):
            trained().shares(*made(3))
    finally:
        trained.cache_clear()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 80), st.floats(0.5, 20.0), st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_stretches_keep_the_limits_and_come_best_first(count: int, seconds: float, seed: int, most: int) -> None:
    lines, _ = made(count, seconds=seconds)
    generator = np.random.default_rng(seed)
    limits = LIMITS.model_copy(update={"max_moments": most})
    found = most_salient_spans(lines, generator.normal(0.3, 0.2, count), generator.normal(size=count), limits)
    assert 1 <= len(found) <= most
    assert all(before.score >= after.score for before, after in pairwise(found))
    assert all(0.0 <= one.score <= 1.0 for one in found)
    in_order = sorted(found, key=lambda one: one.first)
    assert all(before.last <= after.first for before, after in pairwise(in_order))
    lengths = [lines[one.last - 1].end - lines[one.first].start for one in found]
    if any(length < 15.0 or length > 90.0 for length in lengths):
        assert len(found) == 1
        assert count * seconds < 15.0 + seconds, "only what can hold none of the right length is one as it is"


def test_the_best_stretch_is_where_the_shares_are_high() -> None:
    lines, _ = made(60)
    shares = np.full(60, 0.2)
    shares[20:25] = 0.9
    best = most_salient_spans(lines, shares, np.zeros(60), LIMITS)[0]
    assert (best.first, best.last) == (20, 25)


def test_of_equal_stretches_the_one_between_clear_beginnings_is_better() -> None:
    lines, _ = made(60)
    begins = np.zeros(60)
    begins[[30, 36]] = 5.0
    best = next(one for one in most_salient_spans(lines, np.full(60, 0.3), begins, LIMITS) if one.first)
    assert (best.first, best.last) == (30, 36)


def test_no_span_of_hours_is_tried_where_the_limits_allow_any_length() -> None:
    lines, _ = made(12_000, seconds=0.5)
    found = most_salient_spans(lines, np.full(12_000, 0.3), np.zeros(12_000), LimitsBlock(max_moments=1))
    assert lines[found[0].last - 1].end - lines[found[0].first].start <= 90.0
