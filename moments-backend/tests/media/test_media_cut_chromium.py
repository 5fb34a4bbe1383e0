"""What a browser shows of a clip is what was asked for: its first picture, every picture sought, every picture played, the last one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from media.chromium import Chromium, Presented, chromium, found
from media.makers import Drawn, draw
from media.test_media_cut_matrix import CUTS, KINDS, SECONDS, asked_of
from videomoments.core.names import ClipKind
from videomoments.media.engine import MediaEngine
from videomoments.media.types import Clip, ClipRequest, ClipWay

_SEEKS = 6
# A picture of a slow machine may be dropped in playback, but one that is shown is the right one.
_FEW: tuple[tuple[str, ClipWay], ...] = (("closed GOP, B-frames", "exact"), ("29.97, Matroska, seven B-frames", "copy"))
_UPRIGHT = [name for name in KINDS if name != "rotated"]
_SHOWN_COPIES = ["closed GOP, B-frames", "29.97, Matroska, seven B-frames", "60", "VP9", "AV1", "transport stream", "starts at 10 s"]
_ALL: tuple[tuple[str, ClipWay], ...] = (*((name, "exact") for name in _UPRIGHT), *((name, "copy") for name in _SHOWN_COPIES))


@pytest.mark.skipif(found() is None, reason="no Chromium on this machine: install one, or name it in CHROMIUM")
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("name", "way"), _ALL if CUTS else _FEW)
async def test_f66_a_browser_shows_the_cut(name: str, way: ClipWay, tmp_path: Path) -> None:
    program = found()
    assert program is not None
    suffix, options = KINDS[name]
    made = draw(tmp_path / f"source{suffix}", seconds=SECONDS, **{"gop": 40, **options})
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    asked = [asked_of(made, pick, number) for number in range(CUTS or 2)]
    requests = [ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.DELIVERED, way=way) for n, (stretch, _) in enumerate(asked)]
    info = await MediaEngine().probe(made.path)
    async with chromium(program, tmp_path) as browser:
        async for clip in MediaEngine().cut(made.path, requests, info):
            assert way == "exact" or clip.mode == "copy", clip.reason
            await _judge(browser, made, clip, asked[int(clip.key)][1], pick)


async def _judge(browser: Chromium, made: Drawn, clip: Clip, wanted: list[int], pick: random.Random) -> None:
    begins = [0.0, *(made.times[number] - clip.start for number in wanted[1:])]
    ends = [*begins[1:], clip.end - clip.start]
    places = sorted([*pick.sample(range(len(wanted)), min(_SEEKS, len(wanted))), 0, len(wanted) - 1])
    # Into the middle of each picture.
    shown: Presented = await browser.present(clip.path.name, [(begins[place] + ends[place]) / 2 for place in places])
    assert (shown.first, shown.last) == (wanted[0], wanted[-1]), clip
    assert shown.first_time == pytest.approx(0, abs=0.001)
    assert shown.seeks == [wanted[place] for place in places], clip
    assert shown.duration == pytest.approx(clip.end - clip.start, abs=0.05)
    for at, number in shown.played:
        assert number in wanted, clip
        # The canvas may be drawn a picture after the callback that tells the time.
        assert min(abs(begins[wanted.index(number)] - at), abs(begins[max(0, wanted.index(number) - 1)] - at)) < 0.003, clip
    numbers = [number for _, number in shown.played]
    assert numbers == sorted(numbers)
    print(f"{clip.key}: {len(set(numbers))} of {len(wanted)} pictures seen in playback")
