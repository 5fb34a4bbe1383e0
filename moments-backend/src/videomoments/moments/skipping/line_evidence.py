"""Weighs for each line of a transcript how much speaks for each kind of part that people skip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from videomoments.moments.lines import Line
from videomoments.moments.skipping.cue_groups import ANCHORS, GROUPS
from videomoments.moments.skipping.cue_languages import CueLanguage
from videomoments.moments.skipping.cue_phrases import Words, words_of
from videomoments.moments.skipping.filler_words import filling, only_fills
from videomoments.moments.skipping.skip_kinds import SkipKind

_FILLER_ONLY = 2.5
# A sponsor's name is said within so many lines, and not again.
_BURST_LINES = 14
_NAMING = ANCHORS | {"address"}
_QUESTION = ("?", "？")
# The share of a recording's time that counts as its opening and its close, and the least and most seconds of it.
_EDGE_SHARE, _EDGE_LEAST, _EDGE_MOST = 0.05, 60.0, 240.0
_OUTERMOST, _OUTERMOST_SECONDS = 0.4, 20.0
_POSITION: Mapping[SkipKind, tuple[float, float, float]] = {
    # at the opening, in the middle, at the close
    SkipKind.GREETING: (0.7, -0.9, -0.9),
    SkipKind.HOUSEKEEPING: (0.4, -0.2, 0.2),
    SkipKind.SPONSOR: (0.0, 0.0, 0.0),
    SkipKind.SCREEN: (0.3, 0.0, -0.2),
    SkipKind.SIGN_OFF: (-0.9, -0.9, 0.7),
}
# What a line says beyond its cues speaks against it: a greeting that goes on into the story is the story's line.
_FREE_WORDS = 6
_WORD_COST: Mapping[SkipKind, float] = {
    SkipKind.GREETING: 0.07,
    SkipKind.HOUSEKEEPING: 0.05,
    SkipKind.SPONSOR: 0.0,
    SkipKind.SCREEN: 0.12,
    SkipKind.SIGN_OFF: 0.07,
}
_COVERED = 0.8
# A group is a recording's subject when more of its lines hold it, and more than a part that people skip would.
_SUBJECT_LINES, _SUBJECT_SHARE = 5, 0.02


@dataclass(slots=True)
class LineEvidence:
    """What speaks for each kind of one line, by the scale of `cue_groups`; `words` is the line's length.

    `anchors` is the weight of what a sponsor's read can't do without, `edge` how near the line is to the opening or the close, 1 to 0.
    """

    scores: dict[SkipKind, float]
    words: int
    groups: Mapping[str, list[str]] = field(default_factory=dict)
    anchors: float = 0.0
    edge: float = 0.0


def evidence(lines: Sequence[Line], duration: float, cues: CueLanguage | None) -> list[LineEvidence]:
    """Returns the evidence of each line. Without `cues` only named sounds ("[Applause]") are found. `duration` is seconds."""
    if cues is None:
        return [
            LineEvidence({SkipKind.FILLER: _FILLER_ONLY} if only_fills(line.text, None) else {}, len(line.text.split())) for line in lines
        ]
    spoken = [words_of(line.text) for line in lines]
    found = [_found(words, cues) for words in spoken]
    damped = _damped(found)
    edges = _Edges(lines, duration)
    for groups, places in zip(found, _brands(lines, spoken, found), strict=True):
        if places:
            groups["brand"] = places
    weighed = [_weighed(line, words, groups, damped, edges, cues) for line, words, groups in zip(lines, spoken, found, strict=True)]
    for question, line, one in zip(lines, lines[1:], weighed[1:], strict=False):
        # "Okay." answers a question, and fills where none was asked.
        if question.text.rstrip().endswith(_QUESTION) and words_of(line.text)[:1] and words_of(line.text)[0] in cues.affirmations:
            one.scores.pop(SkipKind.FILLER, None)
    return weighed


def _found(words: Words, cues: CueLanguage) -> dict[str, list[tuple[int, int]]]:
    return cues.cues.spans(words, filling(words, cues))


def _damped(found: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Returns by how much the groups that may be the recording's subject count."""
    counts = Counter(name for groups in found for name in groups if GROUPS[name].subject)
    allowed = max(_SUBJECT_LINES, _SUBJECT_SHARE * len(found))
    return {name: min(1.0, allowed / count) for name, count in counts.items()}


def _brands(lines: Sequence[Line], spoken: Sequence[Words], found: Sequence[Mapping[str, object]]) -> list[list[tuple[int, int]]]:
    """Returns for each line where it holds a brand: a name that is said several times within a short stretch and nowhere else, and beside
    an anchor of a sponsor's read."""
    names = {word for line in lines for word in words_of(" ".join(one for one in line.text.split()[1:] if one[:1].isupper()))}
    where: dict[str, list[int]] = {}
    for at, words in enumerate(spoken):
        for name in {word.split(".")[0] for word in words}:
            where.setdefault(name, []).append(at)
    names |= {
        word.split(".")[0] for words, groups in zip(spoken, found, strict=True) if "address" in groups for word in words if "." in word
    }
    brands = {name for name in names if len(name) > 2 and _is_brand(where.get(name, []), found)}
    return [[(at, at + 1) for at, word in enumerate(words) if word.split(".")[0] in brands] for words in spoken]


def _is_brand(at: Sequence[int], found: Sequence[Mapping[str, object]]) -> bool:
    return len(at) >= 2 and at[-1] - at[0] < _BURST_LINES and any(not _NAMING.isdisjoint(found[one]) for one in at)


class _Edges:
    """How near a line is to the opening and to the close of a recording, 1 to 0."""

    def __init__(self, lines: Sequence[Line], duration: float) -> None:
        self._first = lines[0].start if lines else 0.0
        self._last = max((line.end for line in lines), default=0.0)
        length = max(duration, self._last)
        self._reach = min(max(_EDGE_SHARE * length, _EDGE_LEAST), _EDGE_MOST, 0.3 * length) or 1.0

    def bonus(self, kind: SkipKind, line: Line) -> float:
        opening, middle, close = _POSITION[kind]
        near_start, near_end = self.near(line)
        outermost = _OUTERMOST * max(_near(line.start - self._first, _OUTERMOST_SECONDS), _near(self._last - line.end, _OUTERMOST_SECONDS))
        edge = max((opening - middle) * near_start, (close - middle) * near_end)
        return middle + edge + (outermost if middle + edge > 0 else 0.0)

    def near(self, line: Line) -> tuple[float, float]:
        """Returns how near the line is to the opening, and to the close."""
        return _near(line.start - self._first, self._reach), _near(self._last - line.end, self._reach)


def _near(distance: float, reach: float) -> float:
    """Returns 1 within `reach` seconds, falling to 0 at twice as far."""
    return min(1.0, max(0.0, 2.0 - distance / reach))


def _weighed(
    line: Line, words: Words, groups: Mapping[str, Sequence[tuple[int, int]]], damped: Mapping[str, float], edges: _Edges, cues: CueLanguage
) -> LineEvidence:
    if only_fills(line.text, cues):
        return LineEvidence({SkipKind.FILLER: _FILLER_ONLY}, len(words))
    scores: dict[SkipKind, float] = {}
    covered: dict[SkipKind, set[int]] = {}
    for name, places in groups.items():
        group = GROUPS[name]
        times = min(group.most, len(places)) * damped.get(name, 1.0)
        for kind, weight in group.weights.items():
            scores[kind] = scores.get(kind, 0.0) + weight * times
            if weight > 0:
                covered.setdefault(kind, set()).update(at for first, last in places for at in range(first, last))
    begin = filling(words, cues)
    for kind, places_of in covered.items():
        rest = len(words) - len(places_of | set(range(begin)))
        share = 1.0 - rest / max(1, len(words))
        scores[kind] += edges.bonus(kind, line) - _WORD_COST[kind] * max(0, rest - _FREE_WORDS)
        if scores[kind] > 0.5 and kind is not SkipKind.SPONSOR:
            scores[kind] += _COVERED * max(0.0, share - 0.4) / 0.6
    texts = {name: [" ".join(words[first:last]) for first, last in places] for name, places in groups.items()}
    anchors = sum(
        GROUPS[name].weights[SkipKind.SPONSOR] * min(GROUPS[name].most, len(places)) * damped.get(name, 1.0)
        for name, places in groups.items()
        if name in ANCHORS
    )
    return LineEvidence(scores, len(words), texts, anchors, max(edges.near(line)))
