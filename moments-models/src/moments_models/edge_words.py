"""Finds the words with which a moment begins and ends. Pure functions; all times are seconds in one time base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moments_models.task_blocks import RefinementTask

_NEAR = 4.0
"""Seconds around a boundary in which the beginning or end of a sentence counts as the one that was meant."""
_CLOSERS = "\"'”’)]»"


@dataclass(frozen=True, slots=True)
class Edge:
    """A boundary word: its `start` and `end`, and the silence before and after it as far as the words show it (None: unknown)."""

    start: float
    end: float
    before: float | None
    after: float | None


def first_word(task: RefinementTask) -> Edge | None:
    """Returns the first word of the sentence with which the moment starts, or None when no word is near."""
    at = task.moment.start_time
    edges = _edges(task.words)
    begins = [edge for index, edge in enumerate(edges) if _begins_sentence(task, index)]
    near = [edge for edge in begins if abs(edge.start - at) <= _NEAR] or [edge for edge in edges if abs(edge.start - at) <= _NEAR]
    return min(near, key=lambda edge: abs(edge.start - at), default=None)


def last_word(task: RefinementTask) -> Edge | None:
    """Returns the last word of the sentence with which the moment ends, or None when no word is near."""
    at = task.moment.end_time
    edges = _edges(task.words)
    closing = [edge for index, edge in enumerate(edges) if _ends_sentence(task, index)]
    near = [edge for edge in closing if abs(edge.end - at) <= _NEAR] or [edge for edge in edges if abs(edge.end - at) <= _NEAR]
    return min(near, key=lambda edge: abs(edge.end - at), default=None)


def _edges(words: Sequence[tuple[float, float, str]]) -> list[Edge]:
    found: list[Edge] = []
    for index, (start, end, _) in enumerate(words):
        before = start - words[index - 1][1] if index else None
        after = words[index + 1][0] - end if index + 1 < len(words) else None
        found.append(Edge(start, end, before, after))
    return found


def _begins_sentence(task: RefinementTask, index: int) -> bool:
    """Returns whether a sentence begins with a word: at the start of a line, or after a full stop."""
    start = task.words[index][0]
    if any(_same(line.start, start) for line in task.lines):
        return True
    return index > 0 and task.words[index - 1][2].rstrip(_CLOSERS).endswith((".", "?", "!"))


def _ends_sentence(task: RefinementTask, index: int) -> bool:
    end = task.words[index][1]
    if any(_same(line.end, end) for line in task.lines):
        return True
    return task.words[index][2].rstrip(_CLOSERS).endswith((".", "?", "!"))


def _same(left: float, right: float) -> bool:
    return abs(left - right) < 0.06
