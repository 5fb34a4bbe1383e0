"""What a run says of moments that it could not refine."""

from __future__ import annotations

import pytest

from videomoments.core.errors import ModelError
from videomoments.services.unrefined import KeptBecause, Unrefined

AWAY = ModelError("Model m is not reachable.", code="model_unreachable", advice="Start it.")
ODD = ModelError("Its answer is no JSON", code="model_bad_answer")


def test_reasons_are_counted_by_code_the_most_frequent_first() -> None:
    found = Unrefined.of([ODD, AWAY, AWAY], 12)
    assert found is not None
    assert (found.moments, found.total) == (3, 12)
    assert found.reasons == (
        KeptBecause("model_unreachable", "Model m is not reachable.", "Start it.", 2),
        KeptBecause("model_bad_answer", "Its answer is no JSON", None, 1),
    )
    assert found.message == "3 of 12 moments keep their first boundaries: Model m is not reachable. Its answer is no JSON."


@pytest.mark.parametrize(("errors", "total", "words"), [(1, 1, "1 of 1 moment keeps its"), (1, 2, "1 of 2 moments keep their")])
def test_one_is_said_as_one(errors: int, total: int, words: str) -> None:
    found = Unrefined.of([AWAY] * errors, total)
    assert found is not None
    assert found.message.startswith(f"{words} first boundaries: ")


def test_nothing_is_said_where_nothing_went_wrong() -> None:
    assert Unrefined.of([], 12) is None


def test_what_is_kept_reads_the_same() -> None:
    found = Unrefined.of([AWAY, ODD], 5)
    assert found is not None
    assert Unrefined.from_json(found.to_json(), 0) == found
    assert Unrefined.from_json(found.to_json(), 2).left == 2
