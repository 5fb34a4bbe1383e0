"""Recordings as the engine reads them, with the sentence embeddings of their lines, which are kept in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moments_models.task_blocks import LineBlock
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of

_FEWEST = 10
"""Lines; a recording of fewer teaches nothing."""


def embedded(
    recordings: Sequence[EvaluatedRecording], cache: Path, *, cached_only: bool = False
) -> Iterator[tuple[EvaluatedRecording, list[LineBlock], Any]]:
    """Each recording with its lines and a unit vector per line; `cached_only` leaves out those whose vectors are not in the cache."""
    encode: Callable[[Sequence[str]], Any] | None = None
    cache.mkdir(parents=True, exist_ok=True)
    for recording in recordings:
        lines = [
            LineBlock(n=one.n, start=one.start, end=one.end, text=one.text, turn=one.turn, speaker=one.speaker)
            for one in lines_of(recording)
        ]
        if len(lines) < _FEWEST:
            continue
        file = cache / f"{_key(lines)}.npy"
        if not file.exists():
            if cached_only:
                continue
            if encode is None:
                from moments_models.embedding import MiniLM

                encode = MiniLM().encode
            np.save(file, encode([line.text for line in lines]).astype(np.float16))
        yield recording, lines, np.load(file).astype(np.float32)


def _key(lines: Sequence[LineBlock]) -> str:
    return hashlib.sha256("\n".join(line.text for line in lines).encode()).hexdigest()[:24]
