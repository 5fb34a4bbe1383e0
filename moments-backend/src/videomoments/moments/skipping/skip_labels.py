"""Says of each line of a transcript whether people skip it.

Lines are labelled together, by the best path through the kinds (Viterbi): beginning a part costs more than going on with it, so a sponsor's
read stays whole although some of its lines hold no cue, and one weak cue alone begins nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from videomoments.moments.lines import Line
from videomoments.moments.skipping.cue_languages import language_of
from videomoments.moments.skipping.line_evidence import LineEvidence, evidence
from videomoments.moments.skipping.skip_kinds import SkipKind

_BEGIN: Mapping[SkipKind, float] = dict.fromkeys(SkipKind, 1.4) | {SkipKind.SPONSOR: 1.7, SkipKind.FILLER: 0.1}
# Filler holds nothing together: each line of it counts alone.
_STAY: Mapping[SkipKind, float] = dict.fromkeys(SkipKind, 0.6) | {SkipKind.SPONSOR: 0.5, SkipKind.FILLER: 2.0}
# A line without a cue costs more the longer it is: short ones between two skipped lines belong to them.
_USUAL_WORDS: Mapping[SkipKind, int] = dict.fromkeys(SkipKind, 6) | {SkipKind.SPONSOR: 14}
_LONGEST_GAP = 12.0
_CLOSED = 5.0
# From one kind to another: openings and closes mix them.
_CHANGE = 0.6
# What the anchors of a sponsor's read must weigh together, and what a brand adds to them.
_ANCHORED, _BRANDED = 2.0, 0.6
_FIRM = frozenset({"brand", "sponsor_return"})
_STATES: tuple[SkipKind | None, ...] = (None, *SkipKind)


def skipped_lines(lines: Sequence[Line], duration: float, language: str = "") -> list[SkipKind | None]:
    """Returns for each line the kind of part that people skip, or None for what they watch. `duration` is the recording's, in seconds.

    `language` is a code ("en", "de-AT"), or "" where it is not known: it is then told from the lines. In a language without cue
    phrases (other than English, German, Spanish and French) only named sounds are found ("[Music]"). Lines are in order of time.
    """
    if not lines:
        return []
    found = evidence(lines, duration, language_of((line.text for line in lines), language))
    kinds = _best_path(found, [after.start - before.end for before, after in pairwise(lines)])
    return _anchored(kinds, found)


def _anchored(kinds: Sequence[SkipKind | None], found: Sequence[LineEvidence]) -> list[SkipKind | None]:
    """Returns the labels without sponsor reads that no anchor holds, and each read from its first to its last anchor, brand or return."""
    labels: list[SkipKind | None] = []
    for kind, run in groupby(zip(kinds, found, strict=True), key=lambda pair: pair[0]):
        parts = [one for _, one in run]
        if kind is not SkipKind.SPONSOR:
            labels += [kind] * len(parts)
            continue
        firm = [at for at, one in enumerate(parts) if one.anchors or not _FIRM.isdisjoint(one.groups)]
        branded = _BRANDED * any("brand" in one.groups for one in parts)
        holds = firm and branded + sum(one.anchors for one in parts) >= _ANCHORED
        labels += [kind if holds and firm[0] <= at <= firm[-1] else None for at in range(len(parts))]
    return labels


def _best_path(found: Sequence[LineEvidence], pauses: Sequence[float]) -> list[SkipKind | None]:
    totals: dict[SkipKind | None, float] = {state: -_enter(state) + _gain(found[0], state) for state in _STATES}
    steps: list[dict[SkipKind | None, SkipKind | None]] = []
    for at, one in enumerate(found[1:], 1):
        chosen: dict[SkipKind | None, SkipKind | None] = {}
        gained: dict[SkipKind | None, float] = {}
        for state in _STATES:
            # From a part to another kind, or anew into the same one, costs as much as from what people watch.
            gains = {other: total - _enter(state, other, one.edge) for other, total in totals.items()}
            outside = max(gains, key=lambda other: gains[other])
            stay = totals[state] - (_parting(found[at - 1], pauses[at - 1], state) if state is not None else 0.0)
            chosen[state] = state if stay >= gains[outside] else outside
            gained[state] = max(stay, gains[outside]) + _gain(one, state)
        totals = gained
        steps.append(chosen)
    state = max(totals, key=lambda other: totals[other])
    path = [state]
    for chosen in reversed(steps):
        state = chosen[state]
        path.append(state)
    return path[::-1]


def _enter(state: SkipKind | None, before: SkipKind | None = None, edge: float = 0.0) -> float:
    """Returns what it costs to begin a part after a line of `before`, `edge` near the recording's opening or close."""
    if state is None:
        return 0.0
    if before in {None, state, SkipKind.FILLER} or state is SkipKind.SPONSOR:
        return _BEGIN[state]
    return _BEGIN[state] - (_BEGIN[state] - _CHANGE) * edge


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
