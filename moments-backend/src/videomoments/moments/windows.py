"""A transcript that is longer than a model's context is read in overlapping windows; times stay absolute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from videomoments.core.times import Interval
from videomoments.inference.certainty import is_hard
from videomoments.moments.lines import Line

# Left free for the chat template, the limits and the keys of the JSON block.
_MARGIN_TOKENS = 256
OVERLAP_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Window:
    """A run of consecutive lines that fits the model, and the stretch that they cover, in absolute seconds."""

    lines: tuple[Line, ...]

    @property
    def interval(self) -> Interval:
        return Interval(self.lines[0].start, max(line.end for line in self.lines))


def line_json(line: Line) -> dict[str, object]:
    """A line as models read it; what is not known of it is left out."""
    known: dict[str, object] = {"turn": line.turn, "speaker": line.speaker or None}
    if is_hard(line.confidence) and line.confidence is not None:
        known["confidence"] = round(line.confidence, 2)
    if line.unsure:
        known["unsure"] = list(line.unsure)
    line_of = {"n": line.n, "start": round(line.start, 2), "end": round(line.end, 2), "text": line.text}
    return line_of | {name: value for name, value in known.items() if value is not None}


def estimate_tokens(text: str) -> int:
    """An estimate on the safe side for any tokenizer: one token per digit, else a third of the UTF-8 bytes.

    English runs at 4 to 5 bytes per token; several tokenizers spend a token on every digit, which a list of timed lines is full of,
    and one on most Han characters (3 bytes).
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
    """Windows that cover all lines in order; neighbours share about `overlap_seconds`, so that no moment is cut by a seam.

    `answer_tokens` and `fixed_text` (system prompt and the user's wish) are kept free. A line too long for the whole budget is
    shortened. The overlap shrinks to a third of a window where windows are short.
    """
    if not lines:
        return []
    free = context_tokens - answer_tokens - estimate_tokens(fixed_text) - _MARGIN_TOKENS
    # A context too small for its own prompt still gets something to read; the server then says that it is too long.
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
    """Steps back from the end of a window by the overlap, at most a third of what the window holds, and always makes way."""
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
