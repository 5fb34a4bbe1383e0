"""The boundary scorer: its arithmetic on trees made by hand, its features, and that its weights know what they were trained for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moments_models.boundaries import BoundaryScorer, trained
from moments_models.boundaries.features import describe
from moments_models.boundaries.scorer import Trees
from moments_models.task_blocks import LineBlock


def made(count: int, *, turns: bool = True, seed: int = 5) -> tuple[list[LineBlock], np.ndarray]:
    generator = np.random.default_rng(seed)
    texts = ["So, what is next?", "Yes.", "It depends on how the valve is set, which nobody knows.", "and so on"]
    lines = [
        LineBlock(
            n=at + 1,
            start=at * 4.0,
            end=at * 4.0 + 4.0,
            text=texts[at % 4],
            turn=at // 3 if turns else None,
            speaker="AB"[at // 3 % 2] if turns else "",
        )
        for at in range(count)
    ]
    vectors = generator.normal(size=(count, 384)).astype(np.float32)
    return lines, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_trees_by_hand() -> None:
    # The first: x0 <= 1 gives 10, else x1 <= 5 gives 20 or 30. The second is a leaf. Missing values go left in the root, right below.
    trees = Trees(
        feature=np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]),
        threshold=np.array([[1.0, 0, 5.0, 0, 0], [0.0, 0, 0, 0, 0]]),
        missing_left=np.array([[True, False, False, False, False], [False] * 5]),
        left=np.array([[1, 1, 3, 3, 4], [0, 1, 2, 3, 4]]),
        right=np.array([[2, 1, 4, 3, 4], [0, 1, 2, 3, 4]]),
        value=np.array([[0.0, 10, 0, 20, 30], [0.5, 0, 0, 0, 0]]),
        depth=2,
    )
    table = np.array([[1.0, 9.0], [2.0, 5.0], [2.0, 6.0], [np.nan, 0.0], [2.0, np.nan]], np.float32)
    assert trees.sum(table).tolist() == [10.5, 20.5, 30.5, 10.5, 30.5]


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 60), st.booleans())
def test_every_line_has_odds_however_short_the_text(count: int, turns: bool) -> None:
    lines, vectors = made(count, turns=turns)
    odds = trained().log_odds(lines, vectors)
    assert odds.shape == (count,)
    assert np.isfinite(odds).all()


def test_unknown_turns_are_missing_and_not_zero() -> None:
    names = describe(*made(20)).names
    known, unknown = (describe(*made(20, turns=turns)).table for turns in (True, False))
    columns = [at for at, name in enumerate(names) if name.startswith(("turn_", "speaker_"))]
    assert np.isnan(unknown[:, columns]).all()
    assert not np.isnan(known).any()
    others = [at for at in range(len(names)) if at not in columns]
    assert np.array_equal(known[:, others], unknown[:, others])


def test_chapters_begin_where_somebody_begins_to_speak() -> None:
    """What the training data say above all; a scorer whose columns were mixed up would not know it."""
    lines, vectors = made(240)
    odds = trained().log_odds(lines, vectors)
    begins = np.array([at % 3 == 0 for at in range(240)])
    assert np.median(odds[begins]) > np.median(odds[~begins]) + 1.0


def test_weights_of_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match="features 99"):
        BoundaryScorer({"version": np.array(99)})
