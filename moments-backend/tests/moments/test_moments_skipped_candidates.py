"""What people skip is taken from what any model proposes: at a moment's edges, and whole moments of it."""

from __future__ import annotations

from videomoments.core.times import Interval
from videomoments.moments.lines import Line
from videomoments.moments.parsing import Candidate
from videomoments.moments.skipping import worth_watching

TEXTS = (
    "Hello everybody and welcome back to the show.",
    "My name is Ann and I am your host today.",
    "Yeast is alive and feeds on the sugar in the flour.",
    "It breathes out a gas, and the dough rises.",
    "In the oven the gas expands, and the crust hardens.",
    "Thank you for listening, and see you next week.",
    "Please like and subscribe.",
)
LINES = [Line(at + 1, at * 6.0, at * 6.0 + 5.5, text) for at, text in enumerate(TEXTS)]


def left(*spans: tuple[float, float]) -> tuple[list[Interval], int]:
    proposed = [Candidate(start, end, "A title", 0.5, "") for start, end in spans]
    kept, dropped = worth_watching(proposed, LINES, duration=42.0, language="en", shortest=10.0)
    return [one.interval for one in kept], dropped


def test_a_moment_begins_and_ends_with_what_people_watch() -> None:
    assert left((0.0, 42.0)) == ([Interval(12.0, 29.5)], 0)


def test_a_moment_of_greetings_or_farewells_alone_is_left_out_and_counted() -> None:
    assert left((0.0, 11.5), (12.0, 29.5), (30.0, 41.5)) == ([Interval(12.0, 29.5)], 2)
