"""Chapter metrics against cases worked by hand and against NLTK."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from nltk.metrics.segmentation import pk, windowdiff

from videomoments.evaluation.metrics.chapter_metrics import boundary_f1, pk_and_window_diff, score_chapters


def gaps(boundaries: list[int], length: int) -> str:
    """A character for each place between two seconds: `1` is a boundary."""
    return "".join("1" if place in boundaries else "0" for place in range(1, length))


@pytest.mark.parametrize("seed", range(40))
def test_pk_and_window_diff_are_nltks(seed: int) -> None:
    generator = random.Random(seed)
    length = generator.randint(40, 400)
    human = sorted(generator.sample(range(2, length - 1), generator.randint(1, 8)))
    ours = sorted(generator.sample(range(2, length - 1), generator.randint(0, 12)))
    window = max(2, int(length / (len(human) + 1) / 2))
    seen = gaps(human, length), gaps(ours, length), window
    assert pk_and_window_diff(human, ours, length) == pytest.approx((pk(*seen), windowdiff(*seen)), abs=1e-9)


def test_pk_by_hand() -> None:
    # 12 s, a boundary at 6, none found: the window is 3 s, 9 windows, of which those that begin at 3, 4 and 5 hold the boundary.
    assert pk_and_window_diff([6.0], [], 12.0) == pytest.approx((3 / 9, 3 / 9))
    # Found one second late: one window sees only the human one, one only ours.
    assert pk_and_window_diff([6.0], [7.0], 12.0) == pytest.approx((2 / 9, 2 / 9))
    # Two in the place of one: Pk sees no more than that something is there, WindowDiff counts.
    assert pk_and_window_diff([6.0], [6.0, 6.4], 12.0) == pytest.approx((0.0, 3 / 9))


def test_f1_by_hand() -> None:
    assert boundary_f1([100.0, 200.0], [105.0, 300.0], 10.0) == pytest.approx(0.5)
    # Two near one human boundary are one hit: splitting does not pay.
    assert boundary_f1([100.0], [95.0, 105.0], 10.0) == pytest.approx(2 / 3)
    assert boundary_f1([100.0], [], 10.0) == 0.0


@pytest.mark.parametrize("seed", range(40))
def test_as_many_boundaries_match_as_can(seed: int) -> None:
    """Against every way to pair them."""
    generator = random.Random(seed)
    human = [generator.uniform(0, 60) for _ in range(generator.randint(1, 4))]
    ours = [generator.uniform(0, 60) for _ in range(generator.randint(1, 4))]
    assert boundary_f1(human, ours, 10.0) == pytest.approx(2 * most_pairs(human, ours) / (len(human) + len(ours)))


def most_pairs(human: list[float], ours: list[float]) -> int:
    """In order, because on a line pairs need not cross."""
    for size in range(min(len(human), len(ours)), 0, -1):
        for some in combinations(sorted(human), size):
            for others in combinations(sorted(ours), size):
                if all(abs(one - other) <= 10.0 for one, other in zip(some, others, strict=True)):
                    return size
    return 0


def test_a_whole_recording_by_hand() -> None:
    scores = score_chapters([0.0, 100.0, 200.0], [0.0, 95.0, 180.0, 240.0], 300.0)
    assert scores is not None
    # Human 0–100, 100–200, 200–300; ours 0–95, 95–180, 180–240, 240–300.
    # Best overlaps: 95/100, 80/105, 60/100; ours 95/100, 80/105, 40/120, 60/100.
    assert (scores.recall_50, scores.recall_70, scores.precision_50) == pytest.approx((1.0, 2 / 3, 3 / 4))
    assert scores.count == pytest.approx(4 / 3)
    assert scores.f1_10 == pytest.approx(2 * 1 / 5)
    assert scores.f1_30 == pytest.approx(2 * 2 / 5)


def test_tiling_finely_has_recall_and_no_precision() -> None:
    scores = score_chapters([0.0, 100.0, 300.0], [float(at) for at in range(0, 600, 20)], 600.0)
    assert scores is not None
    assert scores.precision_50 < 0.1
    assert scores.count == 10


def test_nothing_to_find_is_not_scored() -> None:
    assert score_chapters([0.0], [0.0, 50.0], 100.0) is None
