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


def test_f23_a_call_that_hangs_is_seen_while_the_parts_beside_it_wait_for_its_place() -> None:
    clock = ProgressClock()
    with ExitStack() as waiting:
        waiting.enter_context(clock.pause())
        with clock.calling():
            clock.last_sign -= 60
            assert clock.silent_for() >= 60
        clock.last_sign -= 60
        assert clock.silent_for() == 0, "nobody calls: all of the stage waits"
