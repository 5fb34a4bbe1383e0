"""Transcripts for tests of what people skip: lines spoken at 2.5 words per second."""

from __future__ import annotations

from collections.abc import Iterable

from videomoments.moments.lines import Line

STORY = (
    "The lighthouse was built on a reef that nobody had mapped.",
    "Its first keeper rowed out every morning with a barrel of oil.",
    "When the storm came the glass broke and he lit a fire in the kitchen instead.",
    "Three ships saw it and turned around.",
    "A captain sent him a clock, which still stands in the town hall.",
    "A system survives because somebody improvises with what is at hand.",
    "Most of our plans assume that nothing breaks at the same time.",
    "In the second experiment we doubled the load and the bridge still held.",
    "The cost of a failure is rarely the cost of the part.",
    "My grandmother sold bread at the harbour and she knew every sailor by name.",
    "She lent money to people that no bank would look at.",
    "Nobody ever failed to pay her back.",
)


def spoken_lines(texts: Iterable[str], start: float = 0.0) -> list[Line]:
    """Returns a line for each text, one after the other, 0.2 s apart."""
    lines: list[Line] = []
    for text in texts:
        length = max(0.4, len(text.split()) / 2.5)
        lines.append(Line(len(lines) + 1, round(start, 3), round(start + length, 3), text))
        start += length + 0.2
    return lines


def story(count: int) -> list[str]:
    """Returns `count` sentences that people watch."""
    return [STORY[at % len(STORY)] for at in range(count)]
