"""The clock by which a stage's silence is measured."""

from __future__ import annotations

from contextlib import ExitStack

from videomoments.pipeline.stage import ProgressClock


def test_f23_a_stage_is_silent_again_when_its_parts_have_stopped_waiting_side_by_side() -> None:
    clock = ProgressClock()
    first, second = ExitStack(), ExitStack()
    first.enter_context(clock.pause())
    second.enter_context(clock.pause())
    first.close()
    clock.last_sign -= 60
    assert clock.silent_for() == 0, "the second part still waits for its place"
    second.close()
    clock.last_sign -= 60
    assert clock.silent_for() >= 60, "nobody waits: a part that hangs is seen"
