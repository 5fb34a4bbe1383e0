"""How long topics are: as people divide talks, and longer where people interrupt each other."""

from __future__ import annotations

import numpy as np
import pytest

from moments_models.task_blocks import LineBlock
from moments_models.topics import expected_length


def made(words: int, *, turn_lines: int | None = None, hours: float = 1.0) -> list[LineBlock]:
    """Sentences of so many words, 5 s each; `turn_lines`: sentences of a turn, None where turns are not known."""
    return [
        LineBlock(n=at, start=5.0 * at, end=5.0 * at + 5.0, text="word " * words, turn=at // turn_lines if turn_lines else None)
        for at in range(int(hours * 720))
    ]


def length(lines: list[LineBlock]) -> float:
    return expected_length(lines, np.full(len(lines), -4.0), 0.5)


def test_short_turns_make_long_topics() -> None:
    talk = length(made(12, turn_lines=4))
    assert length(made(8, turn_lines=1)) == pytest.approx(2 * talk)
    assert length(made(2, turn_lines=1)) == pytest.approx(16 / 5.7 * talk)


def test_where_turns_are_not_known_short_sentences_tell_a_conversation() -> None:
    """After speech recognition alone meetings were divided twice as often as people do."""
    talk = length(made(12, turn_lines=4))
    assert length(made(12)) == pytest.approx(talk)
    assert length(made(5)) == pytest.approx(9 / 5 * talk)


def test_a_few_minutes_of_short_sentences_are_no_conversation() -> None:
    assert length(made(4, hours=0.08)) == pytest.approx(length(made(12, hours=0.08)))
