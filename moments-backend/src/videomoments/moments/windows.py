"""Splits a transcript that is longer than a model's context into overlapping windows. Times stay absolute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from videomoments.core.times import Interval
from videomoments.inference.certainty import is_hard
from videomoments.moments.lines import Line

# Tokens left free for the chat template, the limits and the keys of the JSON block.
_MARGIN_TOKENS = 256
OVERLAP_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive lines that fit the model's context. `interval` is the stretch that they cover, in absolute seconds."""

    lines: tuple[Line, ...]

    @property
    def interval(self) -> Interval:
        return Interval(self.lines[0].start, max(line.end for line in self.lines))


def line_json(line: Line) -> dict[str, object]:
    """Returns a line as it is sent to models. What is not known of it is left out."""
    known: dict[str, object] = {"turn": line.turn, "speaker": line.speaker or None}
    if is_hard(line.confidence) and line.confidence is not None:
        known["confidence"] = round(line.confidence, 2)
    if line.unsure:
        known["unsure"] = list(line.unsure)
    line_of = {"n": line.n, "start": round(line.start, 2), "end": round(line.end, 2), "text": line.text}
    return line_of | {name: value for name, value in known.items() if value is not None}


def estimate_tokens(text: str) -> int:
    """Estimates the tokens of a text, on the safe side for any tokenizer: one token per digit, and one for three bytes of UTF-8 otherwise.

    English takes 4 to 5 bytes per token. Several tokenizers use one token per digit, and a list of timed lines is full of digits; most take
    one for a Han character (3 bytes).
    """
    digits = sum(character.isdigit() for character in text)
    return digits + -(-(len(text.encode("utf-8", "surrogatepass")) - digits) // 3)


def line_tokens(line: Line) -> int:
    return estimate_tokens(json.dumps(line_json(line), ensure_ascii=False)) + 1


def split_windows(
    lines: Sequence[Line],
    *,
    context_tokens: int,
    answer_tokens: int,
    fixed_text: str = "",
    overlap_seconds: float = OVERLAP_SECONDS,
) -> list[Window]:
    """Returns windows that cover all lines in order. Neighbours share about `overlap_seconds`, so that no moment is cut at a seam.

    `answer_tokens`, and the tokens of `fixed_text` (system prompt and the user's wish), are left free. A line that is too long for the
    whole budget is shortened. The overlap shrinks to a third of a window where windows are short.
    """
    if not lines:
        return []
    free = context_tokens - answer_tokens - estimate_tokens(fixed_text) - _MARGIN_TOKENS
    # With a context too small for its own prompt the model still gets lines to read; its server then answers that the prompt is too long.
    budget = max(free, context_tokens // 8, 64)
    fitted = [_fitted(line, budget) for line in lines]
    costs = [line_tokens(line) for line in fitted]
    windows: list[Window] = []
    first = 0
    while True:
        last, used = first, costs[first]
        while last + 1 < len(fitted) and used + costs[last + 1] <= budget:
            last += 1
            used += costs[last]
        windows.append(Window(tuple(fitted[first : last + 1])))
        if last + 1 == len(fitted):
            return windows
        first = _next_start(fitted, costs, first, last, overlap_seconds)


def _next_start(lines: Sequence[Line], costs: Sequence[int], first: int, last: int, overlap_seconds: float) -> int:
    """Returns the first line of the next window: back by the overlap, at most a third of this window's tokens, and always past `first`."""
    allowed = sum(costs[first : last + 1]) // 3
    start, spent = last + 1, 0
    while start - 1 > first and lines[last].end - lines[start - 1].start <= overlap_seconds and spent + costs[start - 1] <= allowed:
        start -= 1
        spent += costs[start]
    return start


def _fitted(line: Line, budget: int) -> Line:
    while line_tokens(line) > budget and len(line.text) > 1:
        line = replace(line, text=line.text[: max(1, len(line.text) * 2 // 3)])
    return line
