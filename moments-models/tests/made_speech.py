"""A recording that only says where somebody speaks, and a decoder that hears by a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from moments_models.audio import RATE
from moments_models.engine_contract import Word
from moments_models.listening import Passage
from moments_models.vad import WINDOW, Chunk, Speech, plan_chunks

Heard = Callable[[float, float, str], list[Passage]]
Tongue = Callable[[float, float], dict[str, float]]


def made_speech(spans: Sequence[tuple[float, float]], seconds: float) -> Speech:
    """Somebody speaks in the spans (seconds) and nowhere else."""
    probabilities = np.full(int(seconds * RATE / WINDOW), 0.02, np.float32)
    regions = [(int(start * RATE / WINDOW), int(end * RATE / WINDOW)) for start, end in spans]
    spoken = np.zeros(len(probabilities), bool)
    for first, last in regions:
        probabilities[first:last] = 0.95
        spoken[first:last] = True
    return Speech(probabilities, tuple(plan_chunks(probabilities, iter(regions))), spoken)


def said(text: str, start: float, end: float, *, confidence: float = 0.9, log_probability: float = -0.2) -> Passage:
    """Words spread evenly over a span."""
    parts = text.split()
    step = (end - start) / len(parts)
    words = [Word(part, round(start + i * step, 3), round(start + (i + 1) * step, 3), confidence) for i, part in enumerate(parts)]
    return Passage(tuple(words), log_probability, 0.05, end - start)


class Scripted:
    """A `Decoder`: `heard` of a span and a language, `tongue` of a span. `asked` has the spans and languages that were decoded."""

    def __init__(self, heard: Heard, tongue: Tongue = lambda start, end: {"en": 1.0}) -> None:
        self._heard = heard
        self._tongue = tongue
        self.asked: list[tuple[float, float, str]] = []
        self.detections = 0
        self.resampled: list[Passage] = []

    def decode(self, chunk: Chunk, language: str, *, piece: bool, sampled: bool = False) -> list[Passage]:
        span = chunk.pieces[0].start / RATE, chunk.end / RATE
        self.asked.append((*span, language))
        if sampled:
            return self.resampled
        return self._heard(*span, language)

    def languages(self, chunk: Chunk) -> dict[str, float]:
        self.detections += 1
        return self._tongue(chunk.pieces[0].start / RATE, chunk.end / RATE)
