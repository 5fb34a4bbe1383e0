"""Says of each line of a transcript whether people skip it.

Lines are labelled together, by the best path through the kinds (Viterbi): beginning a part costs more than going on with it, so a sponsor's
read stays whole although some of its lines hold no cue, and one weak cue alone begins nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from videomoments.moments.lines import Line
from videomoments.moments.skipping.cue_languages import language_of
from videomoments.moments.skipping.line_evidence import LineEvidence, evidence
from videomoments.moments.skipping.skip_kinds import SkipKind

_BEGIN: Mapping[SkipKind, float] = {kind: 1.4 for kind in SkipKind} | {SkipKind.SPONSOR: 1.7}
_STAY: Mapping[SkipKind, float] = {kind: 0.6 for kind in SkipKind} | {SkipKind.SPONSOR: 0.5}
# A line without a cue costs more the longer it is: short ones between two skipped lines belong to them.
_USUAL_WORDS: Mapping[SkipKind, int] = {kind: 6 for kind in SkipKind} | {SkipKind.SPONSOR: 14}
_LONGEST_GAP = 12.0
_CLOSED = 5.0
# From one kind to another: openings and closes mix them.
_CHANGE = 0.6
# What the anchors of a sponsor's read must weigh together.
_ANCHORED = 2.0
_STATES: tuple[SkipKind | None, ...] = (None, *SkipKind)


def skipped_lines(lines: Sequence[Line], duration: float, language: str = "") -> list[SkipKind | None]:
    """Returns for each line the kind of part that people skip, or None for what they watch. `duration` is the recording's, in seconds.

    `language` is a code ("en", "de-AT"), or "" where it is not known: it is then told from the lines. In a language without cue
    phrases (other than English, German, Spanish and French) only named sounds are found ("[Music]"). Lines are in order of time.
    """
    if not lines:
        return []
    found = evidence(lines, duration, language_of((line.text for line in lines), language))
    kinds = _best_path(found, [after.start - before.end for before, after in zip(lines, lines[1:], strict=False)])
    return _anchored(kinds, found)


def _anchored(kinds: Sequence[SkipKind | None], found: Sequence[LineEvidence]) -> list[SkipKind | None]:
    """Returns the labels without the sponsor reads that no anchor holds."""
    labels: list[SkipKind | None] = []
    for kind, run in groupby(zip(kinds, found, strict=True), key=lambda pair: pair[0]):
        parts = [one for _, one in run]
        holds = kind is not SkipKind.SPONSOR or sum(one.anchors for one in parts) >= _ANCHORED
        labels += [kind if holds else None] * len(parts)
    return labels


def _best_path(found: Sequence[LineEvidence], pauses: Sequence[float]) -> list[SkipKind | None]:
    totals: dict[SkipKind | None, float] = {state: -_enter(state) + _gain(found[0], state) for state in _STATES}
    steps: list[dict[SkipKind | None, SkipKind | None]] = []
    for at, one in enumerate(found[1:], 1):
        chosen: dict[SkipKind | None, SkipKind | None] = {}
        gained: dict[SkipKind | None, float] = {}
        for state in _STATES:
            # From a part to another kind, or anew into the same one, costs as much as from what people watch.
            outside = max(totals, key=lambda other: totals[other] - _enter(state, other))
            stay = totals[state] - (_parting(found[at - 1], pauses[at - 1], state) if state is not None else 0.0)
            other = totals[outside] - _enter(state, outside)
            chosen[state] = state if stay >= other else outside
            gained[state] = max(stay, other) + _gain(one, state)
        totals = gained
        steps.append(chosen)
    state = max(totals, key=lambda other: totals[other])
    path = [state]
    for chosen in reversed(steps):
        state = chosen[state]
        path.append(state)
    return path[::-1]


def _enter(state: SkipKind | None, before: SkipKind | None = None) -> float:
    if state is None:
        return 0.0
    return _BEGIN[state] if before in {None, state, SkipKind.FILLER} or state is SkipKind.SPONSOR else _CHANGE


def _parting(before: LineEvidence, pause: float, state: SkipKind) -> float:
    """Returns what going on with a part costs after its line of return ("now back to the show"), or after a long pause."""
    if state is SkipKind.SPONSOR and "sponsor_return" in before.groups:
        return _CLOSED
    return 0.5 if pause > _LONGEST_GAP else 0.0


def _gain(one: LineEvidence, state: SkipKind | None) -> float:
    if state is None:
        return 0.0
    score = one.scores.get(state)
    if score is None:
        return -_STAY[state] * (1.0 - 0.5 * one.edge) * min(3.0, max(0.5, one.words / _USUAL_WORDS[state]))
    return score - _STAY[state]
