"""The drawn media are what they say, judged by another decoder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from media import judge
from media.makers import draw


def test_numbers_times_and_beeps(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=3)
    assert judge.numbers(made.path) == list(range(75))
    assert judge.times(made.path) == pytest.approx(made.times, abs=1e-4)
    assert judge.beeps(judge.sound(made.path)) == pytest.approx(made.beeps, abs=0.003)


def test_a_late_sound_is_late(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=4, audio_delay=1.5)
    assert judge.beeps(judge.sound(made.path)) == pytest.approx([2.0, 3.0], abs=0.003)


def test_a_rotated_picture_is_turned_upright_by_a_player(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=1, rotation=90, audio=None)
    assert len(judge.times(made.path)) == 25


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="scheduling is looked at on Linux")
def test_an_av1_encoder_leaves_this_process_an_ordinary_one(tmp_path: Path) -> None:
    draw(tmp_path / "a.mp4", video="libsvtav1", seconds=0.5, options={"preset": "12"})
    assert {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()} == {os.SCHED_OTHER}
