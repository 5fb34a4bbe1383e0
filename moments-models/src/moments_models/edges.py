"""Sets the exact boundaries of a moment: just before its first word and just after its last one. Pure functions on seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moments_models.edge_words import Edge

CUT_REACH = 0.35
"""A shot cut this near to a word, on its far side, is where an editor would cut."""
_LEAD = 0.08
"""Seconds of silence left beside a word: two frames at 25 a second. It is most of what `signal` misses a spoken edge by."""
_WORD_ERROR = 0.4
"""Recognised word times are off by 60 ms as a rule and seldom by more than this; silence in the sound decides. A silence that lies on
a recognised boundary may reach twice as far into the word: that part of the word is not there."""
_STOP_CONSONANT = 0.15
"""Seconds; the mouth is shut for less in a plosive."""
_PLAIN_REACH = 0.6
"""Where no word is known, a boundary moves no farther than this."""

Silences = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class SnappedBoundary:
    """A boundary in seconds, and a phrase that says what it was snapped to."""

    at: float
    why: str


def find_start(at: float, word: Edge | None, silences: Silences | None, cuts: Sequence[float]) -> SnappedBoundary | None:
    """Returns the boundary before `word`, or near `at` when there is no word. None when there is no reason to move it from `at`."""
    if word is None:
        return _without_words(at, [end - _LEAD for _, end in silences or ()], cuts)
    spoken_before = word.start - word.before if word.before is not None else 0.0
    quiet = _silence_before(word, spoken_before, silences)
    onset = quiet[1] if quiet is not None else word.start
    room = onset - (quiet[0] if quiet is not None else spoken_before)
    cut = max((cut for cut in cuts if onset - min(CUT_REACH, max(0.0, room) + 0.02) <= cut <= onset + 0.02), default=None)
    if cut is not None:
        return SnappedBoundary(max(0.0, cut), f"shot cut {_gap(onset - cut)} before the first word")
    if quiet is not None:
        lead = min(_LEAD, (quiet[1] - quiet[0]) / 2)
        return SnappedBoundary(max(0.0, onset - lead), f"silence {_gap(lead)} before the first word")
    if silences is None and word.before is not None and word.before > 0:
        return SnappedBoundary(max(0.0, word.start - min(_LEAD, word.before / 2)), "pause before the first word")
    return SnappedBoundary(max(0.0, word.start), "start of the first word")


def find_end(at: float, word: Edge | None, silences: Silences | None, cuts: Sequence[float]) -> SnappedBoundary | None:
    """Returns the boundary after `word`, or near `at` when there is no word. It is never inside the word."""
    if word is None:
        return _without_words(at, [start + _LEAD for start, _ in silences or ()], cuts)
    next_spoken = word.end + word.after if word.after is not None else float("inf")
    quiet = _silence_after(word, next_spoken, silences)
    offset = quiet[0] if quiet is not None else word.end
    room = (quiet[1] if quiet is not None else next_spoken) - offset
    cut = min((cut for cut in cuts if offset - 0.02 <= cut <= offset + min(CUT_REACH, max(0.0, room) + 0.02)), default=None)
    if cut is not None:
        return SnappedBoundary(cut, f"shot cut {_gap(cut - offset)} after the last word")
    if quiet is not None:
        tail = min(_LEAD, (quiet[1] - quiet[0]) / 2)
        return SnappedBoundary(offset + tail, f"silence {_gap(tail)} after the last word")
    if silences is None and word.after is not None and word.after > 0:
        return SnappedBoundary(word.end + min(_LEAD, word.after / 2), "pause after the last word")
    return SnappedBoundary(word.end, "end of the last word")


def _silence_before(word: Edge, spoken_before: float, silences: Silences | None) -> tuple[float, float] | None:
    """Returns the silence that ends where the word begins in the audio, without one inside the word before."""
    near = [
        span
        for span in silences or ()
        if span[0] < word.start + 0.05
        and word.start - _WORD_ERROR <= span[1] <= min(word.start + 2 * _WORD_ERROR, word.end + 0.1)
        # A pause inside the word before does not count.
        and span[1] > spoken_before - 0.1
    ]
    return min(_whole(near), key=lambda span: abs(span[1] - word.start), default=None)


def _silence_after(word: Edge, next_spoken: float, silences: Silences | None) -> tuple[float, float] | None:
    near = [
        span
        for span in silences or ()
        if span[1] > word.end - 0.05
        and max(word.end - 2 * _WORD_ERROR, word.start) <= span[0] <= word.end + _WORD_ERROR
        and span[0] < next_spoken + 0.1
    ]
    return min(_whole(near), key=lambda span: abs(span[0] - word.end), default=None)


def _whole(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns the real pauses where there are any: the stop inside a "t" or "k" is a silence too, inside the word."""
    return [span for span in spans if span[1] - span[0] >= _STOP_CONSONANT] or spans


def _without_words(at: float, edges: Sequence[float], cuts: Sequence[float]) -> SnappedBoundary | None:
    cut = min((cut for cut in cuts if abs(cut - at) <= _PLAIN_REACH), key=lambda cut: abs(cut - at), default=None)
    if cut is not None:
        return SnappedBoundary(cut, "shot cut")
    edge = min((edge for edge in edges if abs(edge - at) <= _PLAIN_REACH), key=lambda edge: abs(edge - at), default=None)
    return SnappedBoundary(max(0.0, edge), "edge of a silence") if edge is not None else None


def _gap(seconds: float) -> str:
    return f"{max(0.0, seconds):.2f} s"
