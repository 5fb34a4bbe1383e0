"""Takes what people skip from the moments that a model has proposed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from videomoments.moments.lines import Line
from videomoments.moments.parsing import Candidate
from videomoments.moments.skipping.skip_labels import skipped_lines
from videomoments.moments.skipping.skip_trimming import without_skipped


def worth_watching(
    candidates: Iterable[Candidate], lines: Sequence[Line], *, duration: float, language: str, shortest: float
) -> tuple[list[Candidate], int]:
    """Returns the candidates without greetings, housekeeping, sponsor reads, filler and sign-offs at their edges, and how many were left
    out because they hold hardly anything else. `duration` and `shortest` are seconds; what becomes shorter is kept if it is worth it."""
    kinds = skipped_lines(lines, duration, language)
    kept: list[Candidate] = []
    dropped = 0
    for one in candidates:
        rest = without_skipped(one.start, one.end, lines, kinds, shortest=shortest)
        if rest is None:
            dropped += 1
        else:
            kept.append(one.moved(rest))
    return kept, dropped
