"""Describes the possible boundary before each line as numbers for the trained scorer. Pure functions on arrays.

Training and use share this module. A change here needs a new training, hence `VERSION`, which the weights carry too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from moments_models.boundaries.turns import turn_features
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VERSION = 1
_WINDOWS = (40, 80, 160, 320, 640)
"""Words on each side whose meaning is compared; in words, because a line may be a paragraph or one "yes"."""
_SURROUNDINGS = 40
_CUES = {
    "opens": r"^(so|okay|ok|now|next|alright|all right|right|great|cool|well|yeah|and)\b",
    "turns": r"\b(next|another|moving on|move on|let's|let us|talk about|talking about|turn to|switch|get into|dive|jump|speaking of|last|"
    r"final|finally|first|second|third)\b",
    "orders": r"\b(question|questions|topic|slide|section|part|example|issue|problem|introduce|introduction|overview|summary|conclusion|"
    r"conclude|agenda)\b",
    "greets": r"\b(welcome|hello|hi|good morning|thanks|thank you|my name|guest|join|joining|bye|applause)\b",
    "asks": r"\b(what|how|why|when|who|where|which|could you|can you|tell (us|me)|do you|explain)\b",
    "refers": r"^(it|they|he|she|this|that|these|those|because|but|or|also|then|exactly|yes|no|which|if)\b",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CUES.items()}
_AROUND = ("turns", "orders", "greets", "asks")
"""Cues that tell something in the lines beside a boundary too."""


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a transcript. `table` has a row per line and a column per name. `opening` holds the meaning of each line, of what
    follows, and of what came before."""

    names: tuple[str, ...]
    table: NDArray[np.float32]
    opening: NDArray[np.float32]


def describe(lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Features:
    """Returns the features of the lines, of which there is at least one. `vectors` has one unit vector per line."""
    text = _Text(lines, vectors)
    columns: dict[str, Floats] = {}
    for words in _WINDOWS:
        columns |= _similarity(text, words)
    columns |= _cohesion(text)
    columns |= _wording(lines, text)
    columns |= turn_features(lines, text.words, text.asks)
    columns |= _document(lines, text, columns["similarity_160"])
    following = text.direction(text.index, text.after(_SURROUNDINGS))
    before = text.direction(text.before(_SURROUNDINGS), text.index)
    opening = np.hstack([text.vectors, following, before]).astype(np.float32)
    opening[0, 2 * vectors.shape[1] :] = 0.0
    return Features(tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float32), opening)


class _Text:
    """Stores running sums over lines, so that the meaning of any stretch is one subtraction."""

    def __init__(self, lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> None:
        self.count = len(lines)
        self.index = np.arange(self.count)
        self.vectors = vectors.astype(np.float64)
        self.words = np.array([max(1, len(line.text.split())) for line in lines], float)
        self.asks = np.array([line.text.rstrip().endswith("?") for line in lines], float)
        self.until = np.append(0.0, np.cumsum(self.words))
        # A long line says more than a short one, but not in proportion.
        self.sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(self.vectors * np.sqrt(self.words)[:, None], axis=0)])

    def before(self, words: int) -> NDArray[np.int64]:
        """Returns for each line the first of the lines with the `words` words before it; at least one line, except for the first."""
        found = np.searchsorted(self.until, self.until[:-1] - words)
        return np.minimum(found, np.maximum(self.index - 1, 0)).astype(np.int64)

    def after(self, words: int) -> NDArray[np.int64]:
        """Returns for each line the line after the `words` words that begin with it."""
        found = np.searchsorted(self.until, self.until[:-1] + words)
        return np.clip(found, self.index + 1, self.count).astype(np.int64)

    def direction(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
        """Returns unit vectors of the meaning of lines [first, last)."""
        return unit(self.sums[last] - self.sums[first])


def _similarity(text: _Text, words: int) -> dict[str, Floats]:
    first, last = text.before(words), text.after(words)
    left, right = text.direction(first, text.index), text.direction(text.index, last)
    similar = (left * right).sum(axis=1)
    similar[0] = similar[1:].mean() if text.count > 1 else 0.0
    ends = np.minimum(last, text.count - 1)
    peak_before = np.array([similar[low : at + 1].max() for low, at in zip(first, text.index, strict=True)])
    peak_after = np.array([similar[at : high + 1].max() for at, high in zip(text.index, ends, strict=True)])
    lowest = np.array([similar[low : high + 1].min() for low, high in zip(first, ends, strict=True)])
    found = {
        f"similarity_{words}": similar,
        f"standard_{words}": (similar - similar.mean()) / (similar.std() + 1e-9),
        f"fall_{words}": peak_before - similar,
        f"climb_{words}": peak_after - similar,
        f"above_lowest_{words}": similar - lowest,
    }
    if words <= 320:
        found[f"line_to_before_{words}"] = (text.vectors * left).sum(axis=1)
        found[f"line_to_after_{words}"] = (text.vectors * right).sum(axis=1)
    return found


def _cohesion(text: _Text) -> dict[str, Floats]:
    whole = unit(text.sums[-1])
    following = text.direction(text.index, text.after(160))
    everything_before = (following * unit(text.sums[:-1])).sum(axis=1)
    everything_before[0] = 0.0
    return {"after_to_all": following @ whole, "after_to_all_before": everything_before, "line_to_all": text.vectors @ whole}


def _wording(lines: Sequence[LineBlock], text: _Text) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name, pattern in _PATTERNS.items():
        cue = np.array([bool(pattern.search(line.text)) for line in lines], float)
        found[name] = cue
        if name in _AROUND:
            found |= {f"{name}_before": shifted(cue, 1), f"{name}_after": shifted(cue, -1)}
    for name, values, distances in (("question", text.asks, (0, 1, 2, -1)), ("length", text.words, (0, 1, 2, -1))):
        found |= {f"{name}_{distance}": shifted(values, distance) for distance in distances}
    found["lower_case"] = np.array([line.text[:1].islower() for line in lines], float)
    return found


def _document(lines: Sequence[LineBlock], text: _Text, similar: Floats) -> dict[str, Floats]:
    starts = np.array([line.start for line in lines])
    end = lines[-1].end
    same = {
        "document_words": np.log(text.until[-1]),
        "document_similarity": similar.mean(),
        "document_spread": similar.std(),
        "document_line": text.words.mean(),
        "document_questions": text.asks.mean(),
    }
    found: dict[str, Floats] = {name: np.full(text.count, float(value)) for name, value in same.items()}
    found["position"] = starts / max(end, 1.0)
    found["since_start"] = np.log1p(np.maximum(0.0, starts))
    found["until_end"] = np.log1p(np.maximum(0.0, end - starts))
    return found


def shifted(values: Floats, by: int) -> Floats:
    """Returns for each line the value of the line that is `by` lines before it, or 0 where there is none."""
    found = np.zeros_like(values)
    if by == 0:
        return values
    if by > 0:
        found[by:] = values[:-by]
    else:
        found[:by] = values[-by:]
    return found


def unit(rows: Floats) -> Floats:
    """Returns rows scaled to length 1; zeros stay zeros."""
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return scaled
