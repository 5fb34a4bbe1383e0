"""The demo, the served page and the models ask nobody for anything and leave nothing outside: a slice of `make isolation`."""

from __future__ import annotations

import os

import pytest

from isolation import allowed
from isolation.day import CHECKOUT, ending, environment, told, use, weights
from isolation.room import run_in_room
from moments_models import weights as sets

SECONDS = float(os.environ.get("MOMENTS_ISOLATION_SECONDS", "60"))


@pytest.mark.story
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("rooms")
def test_a_days_use_asks_nobody_and_leaves_nothing() -> None:
    for name in ("whisper_base", "minilm"):
        sets.pull(name)  # before the door is shut, as every other test that needs them
    report = run_in_room([use(CHECKOUT, SECONDS)], environment=environment() | {"MOMENTS_WEIGHTS": weights()}, seconds=3500)
    assert report.status == 0, ending(report)
    assert report.calls == [], told(report.calls)
    assert allowed.places(report.written, CHECKOUT) == []
    # What was looked at did happen: the data lie in the fresh home.
    assert any(path.startswith(f"{allowed.DATA}/store/") for path in report.written)
