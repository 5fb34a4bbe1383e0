"""Finds changes of scene: a fast pass over the keyframes finds between which two of them the scene changed; a full decode of one such range
finds the picture. Runs only in the child.

Most of a recording is never decoded. Where two neighbouring keyframes are alike, no change is assumed between them. A keyframe that came in
turn, after small packets only, is assumed to show the same as the one before, until another one differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from videomoments.media.progress import Progress
from videomoments.media.reading.pictures import Pictures
from videomoments.media.scenes.colour_grid import ColourGrid, colour_grid, difference
from videomoments.media.scenes.keyframe_selection import KeyframeSelection
from videomoments.media.types import MediaInfo, Shot

# Mean difference of cells (0 to 255, luma and both chromas) above which two pictures show different scenes, seconds apart or at once.
_APART = 12.0
_AT_ONCE = 9.0
# A cut also stands out from its neighbours, while a pan changes every picture alike.
_STANDS_OUT = 3.0
_NEIGHBOURS = 3
# Seconds; shorter than any picture, longer than rounding errors of times.
_TICK = 0.001


class _Keyframe(NamedTuple):
    """A decoded keyframe."""

    at: float
    grid: ColourGrid


def fast_shots(source: Path, info: MediaInfo, progress: Progress) -> list[Shot]:
    """Returns ranges between two neighbouring keyframes that show different scenes, and the one after the last keyframe if it seems to hold
    another scene."""
    assert info.video is not None
    pictures = Pictures(source, info)
    pictures.stream.codec_context.options = {"skip_loop_filter": "all"}
    keyframes = KeyframeSelection(pictures)
    found: list[Shot] = []
    unclear: list[tuple[_Keyframe, _Keyframe]] = []
    before: _Keyframe | None = None
    for at, frame in pictures.decoded(keyframes.worth_decoding()):
        seen = _Keyframe(at, colour_grid(frame))
        if before is not None and seen.at > before.at and _apart(before, seen):
            if keyframes.passed_over(before.at, seen.at):
                unclear.append((before, seen))
            else:
                found.append(_between(before.at, seen.at))
        before = seen
        progress(min(1.0, max(0.0, seen.at / info.duration)))
    for first, second in unclear:
        found += _narrowed(pictures, first, second, keyframes.passed_over(first.at, second.at))
    end = keyframes.eventful_until()
    if before is not None and end is not None:
        found.append(_between(before.at, end))
    pictures.close()
    return sorted(found, key=lambda shot: shot.earliest)


def _apart(first: _Keyframe, second: _Keyframe) -> bool:
    """Returns whether the two show different scenes."""
    return difference(first.grid, second.grid) > _APART


def _narrowed(pictures: Pictures, first: _Keyframe, second: _Keyframe, between: list[float]) -> Iterator[Shot]:
    """Yields where between the two the scene changed, by bisection. Over a slow change no neighbours differ, so it yields nothing."""
    if not _apart(first, second):
        return
    if not between:
        yield _between(first.at, second.at)
        return
    middle = len(between) // 2
    # A little later: a time between two ticks counts as the one before.
    shown = pictures.keyframe_before(between[middle] + _TICK)
    if shown is None:
        # The keyframe can't be decoded, and may have held the change.
        yield _between(first.at, second.at)
        return
    seen = _Keyframe(between[middle], colour_grid(shown[1]))
    yield from _narrowed(pictures, first, seen, between[:middle])
    yield from _narrowed(pictures, seen, second, between[middle + 1 :])


def _between(first: float, second: float) -> Shot:
    return Shot(round(first, 4), round(second, 4))


def exact_shots(source: Path, info: MediaInfo, stretches: Sequence[Shot], progress: Progress) -> list[Shot]:
    """Returns all changes within the ranges, exact to the picture. Neighbouring ranges are decoded together."""
    pictures = Pictures(source, info)
    found: list[Shot] = []
    joined = _joined(stretches)
    for number, stretch in enumerate(joined):
        found += _within(pictures, stretch)
        progress((number + 1) / len(joined))
    pictures.close()
    return found


def _joined(stretches: Sequence[Shot]) -> list[Shot]:
    joined: list[Shot] = []
    for stretch in sorted(stretches, key=lambda shot: shot.earliest):
        if joined and stretch.earliest <= joined[-1].latest:
            joined[-1] = Shot(joined[-1].earliest, max(joined[-1].latest, stretch.latest))
        else:
            joined.append(stretch)
    return joined


def _within(pictures: Pictures, stretch: Shot) -> Iterator[Shot]:
    seen: list[tuple[float, ColourGrid]] = []
    for at, frame in pictures.frames_from(stretch.earliest):
        if at >= stretch.earliest - 1e-3:
            seen.append((at, colour_grid(frame)))
        # Some more pictures, to know what is usual after a change on the last one.
        if at > stretch.latest + 0.2:
            break
    steps = [difference(first, second) for (_, first), (_, second) in pairwise(seen)]
    for index in _peaks(steps):
        at, _ = seen[index + 1]
        if at <= stretch.latest + 1e-3:
            yield Shot(round(at, 4), round(at, 4))


def _peaks(steps: Sequence[float]) -> Iterator[int]:
    """Yields the indices of steps that are large and stand out from those around them."""
    for index, step in enumerate(steps):
        if step < _AT_ONCE:
            continue
        around = [*steps[max(0, index - _NEIGHBOURS) : index], *steps[index + 1 : index + 1 + _NEIGHBOURS]]
        usual = sorted(around)[len(around) // 2] if around else 0.0
        if step > _STANDS_OUT * usual and step >= max(around, default=0.0):
            yield index
