"""What a browser shows of a clip is what was asked for: its first picture, every picture sought, every picture played, the last one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from media.chromium import Presented, chromium, found
from media.exactness import asked_of
from media.makers import Drawn, draw
from media.test_media_cut_matrix import CUTS, KINDS, SECONDS
from videomoments.core.names import ClipKind
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, ClipWay, CutClip

_SEEKS = 6
# So many clips play beside each other. They are short: what counts are their ends.
_TOGETHER = 5
_LENGTHS = (1.2, 2.4)
_GOP = 16
_LATE = 4
# A picture of a slow machine may be dropped in playback, but one that is shown is the right one.
_FEW: tuple[tuple[str, ClipWay], ...] = (("closed GOP, B-frames", "exact"), ("29.97, Matroska, seven B-frames", "copy"))
_SHOWN_COPIES = [
    "closed GOP, B-frames",
    "no B-frames, 23.976",
    "29.97, Matroska, seven B-frames",
    "60",
    "main profile, MOV",
    "baseline, full range",
    "VP9",
    "AV1",
    "transport stream",
    "starts at 10 s",
]
_ALL: tuple[tuple[str, ClipWay], ...] = (*((name, "exact") for name in KINDS), *((name, "copy") for name in _SHOWN_COPIES))


@pytest.mark.skipif(found() is None, reason="no Chromium on this machine: install one, or name it in CHROMIUM")
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("name", "way"), _ALL if CUTS else _FEW)
async def test_f66_a_browser_shows_the_cut(name: str, way: ClipWay, tmp_path: Path) -> None:
    program = found()
    assert program is not None
    suffix, options = KINDS[name]
    made = draw(tmp_path / f"source{suffix}", seconds=SECONDS, **{"gop": _GOP, **options})
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    asked = [asked_of(made, pick, number, _LENGTHS) for number in range(CUTS or 2)]
    requests = [ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.DELIVERED, way=way) for n, (stretch, _) in enumerate(asked)]
    info = await MediaEngine().probe(made.path)
    clips = [clip async for clip in MediaEngine().cut(made.path, requests, info)]
    modes = [clip.mode for clip in clips]
    print(name, way, {mode: modes.count(mode) for mode in set(modes)})
    assert way == "exact" or set(modes) == {"copy"}
    async with chromium(program, tmp_path) as browser:
        for first in range(0, len(clips), _TOGETHER):
            group = [_Expected.of(made, clip, asked[int(clip.key)][1], pick) for clip in clips[first : first + _TOGETHER]]
            shown = await browser.present([(each.clip.path.name, each.seeks) for each in group], turned=name == "rotated")
            for each, presented in zip(group, shown, strict=True):
                each.judge(presented)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a browser has to show of a clip: the numbers of its pictures and when each begins, in seconds of the clip."""

    clip: CutClip
    wanted: list[int]
    begins: list[float]
    places: list[int]
    seeks: list[float]

    @classmethod
    def of(cls, made: Drawn, clip: CutClip, wanted: list[int], pick: random.Random) -> _Expected:
        begins = [0.0, *(made.times[number] - clip.start for number in wanted[1:])]
        ends = [*begins[1:], clip.end - clip.start]
        places = sorted([*pick.sample(range(len(wanted)), min(_SEEKS, len(wanted))), 0, len(wanted) - 1])
        # Into the middle of each picture.
        return cls(clip, wanted, begins, places, [(begins[place] + ends[place]) / 2 for place in places])

    def judge(self, shown: Presented) -> None:
        wanted, begins, clip = self.wanted, self.begins, self.clip
        assert (shown.first, shown.last) == (wanted[0], wanted[-1]), clip
        assert shown.first_time == pytest.approx(0, abs=0.001)
        assert shown.seeks == [wanted[place] for place in self.places], clip
        # Of a copy it also counts the few pictures after the end that the last B-pictures refer to; it does not show them.
        assert shown.duration == pytest.approx(clip.end - clip.start, abs=0.3 if clip.mode == "copy" else 0.05)
        for at, number in shown.played:
            assert number in wanted, clip
            # The canvas may be drawn some pictures after the callback that tells the time.
            place = wanted.index(number)
            assert min(abs(begin - at) for begin in begins[max(0, place - _LATE) : place + 1]) < 0.003, clip
        numbers = [number for _, number in shown.played]
        assert numbers == sorted(numbers)
        assert numbers, clip
