"""Tests that a recogniser's output must pass: models invent words in silence and loop in noise."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

MAX_COMPRESSION = 2.4
"""Text that shrinks more than this when compressed repeats itself (the limit of Whisper's own decoder)."""
MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH = 0.6
MAX_WORDS_PER_SECOND = 9.0
_SHORTEST_RATED = 40


def is_invented(text: str, *, log_probability: float, no_speech: float, seconds: float) -> bool:
    """Whether a segment is not what somebody said.

    `log_probability`: mean of the tokens; `no_speech`: the model's own probability that nobody speaks; `seconds`: its length.
    """
    words = text.split()
    if not words:
        return True
    if log_probability < MIN_LOG_PROBABILITY:
        return True
    if no_speech > MAX_NO_SPEECH and log_probability < -0.5:
        return True
    if len(words) > 6 and len(words) / max(seconds, 0.1) > MAX_WORDS_PER_SECOND:
        return True
    return compression_ratio(text) > MAX_COMPRESSION or is_loop(words)


def compression_ratio(text: str) -> float:
    """Bytes of text over compressed bytes; 0 for texts too short to tell."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if len(data) >= _SHORTEST_RATED else 0.0


def is_loop(words: Sequence[str]) -> bool:
    """Whether one n-gram of up to 6 words, said over and over, makes up most of a segment of at least 5 words."""
    plain = [word.strip(".,!?;:-…").lower() for word in words]
    return len(plain) >= 5 and any(_longest_run(plain, size) > len(plain) / 2 for size in range(1, min(6, len(plain) // 3) + 1))


def _longest_run(words: list[str], size: int) -> int:
    """Words in the longest stretch that repeats its first `size` words at least thrice (four times for a single word)."""
    longest = run = 0
    needed = size * (4 if size == 1 else 3)
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 0
        if run and run + size >= needed:
            longest = max(longest, run + size)
    return longest
