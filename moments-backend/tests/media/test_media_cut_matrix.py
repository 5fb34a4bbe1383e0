"""Exactness over every kind of source: random cuts, half of them at frames as a person types them, judged by the `ffmpeg` program.

`make exactness` makes 20 cuts of each kind (`EXACTNESS_CUTS`); `make test` a few of the kinds that differ most.
"""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from media import judge
from media.exactness import asked_of, check_clip, with_priming
from media.makers import draw
from videomoments.core.names import ClipKind
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest

SECONDS = 9.0
CUTS = int(os.environ.get("EXACTNESS_CUTS", "0"))
_NTSC, _FILM = Fraction(30000, 1001), Fraction(24000, 1001)
# Pictures that rest, run at 25 and at 50 a second.
VARIABLE = [*(n / 25 for n in range(60)), 2.9, 3.4, 3.44, 3.48, *(4 + n / 50 for n in range(100)), *(6 + n / 25 for n in range(75))]


def x264(parameters: str = "", **options: str) -> dict[str, str]:
    """No keyframes but those of the interval, and as many B-frames as allowed, referring to each other."""
    fixed = "scenecut=0:b-adapt=0:b-pyramid=normal:ref=4"
    return {"preset": "veryfast", "x264-params": f"{fixed}:{parameters}" if parameters else fixed, **options}


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "closed GOP, B-frames": (".mp4", {"b_frames": 3, "options": x264()}),
    "open GOP": (".mp4", {"b_frames": 3, "options": x264("open-gop=1")}),
    "open GOP with some IDR": (".mkv", {"b_frames": 3, "gop": 25, "options": x264("open-gop=1", **{"forced-idr": "1"}), "forced": 75}),
    "no B-frames, 23.976": (".mp4", {"b_frames": 0, "fps": _FILM, "options": x264()}),
    "29.97, Matroska, seven B-frames": (".mkv", {"b_frames": 7, "fps": _NTSC, "options": x264()}),
    "60": (".mp4", {"b_frames": 2, "fps": 60, "options": x264()}),
    "main profile, MOV": (".mov", {"b_frames": 2, "options": x264(profile="main")}),
    "baseline, full range": (".mp4", {"b_frames": 0, "options": x264(profile="baseline"), "pixels": "yuvj420p"}),
    "variable rate": (".mp4", {"times": VARIABLE, "options": x264()}),
    "HEVC": (".mp4", {"video": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0"}}),
    "VP9": (".webm", {"video": "libvpx-vp9", "audio": "libopus"}),
    "AV1": (".mp4", {"video": "libsvtav1", "options": {"preset": "12", "crf": "18"}}),
    "MPEG-4": (".avi", {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0}),
    "MPEG-4 with B-frames": (".mp4", {"video": "mpeg4", "b_frames": 2}),
    "rotated": (".mp4", {"rotation": 90, "size": (192, 320), "options": x264()}),
    "starts at 10 s": (".mp4", {"start": 10.0, "b_frames": 3, "options": x264()}),
    "sound starts late": (".mp4", {"audio_delay": 1.37, "options": x264()}),
    "sound starts early": (".mkv", {"audio_delay": -0.5, "start": 1.0, "options": x264()}),
    "transport stream": (".ts", {"fps": _NTSC, "options": x264()}),
}
JOINED = {
    "closed GOP, B-frames",
    "open GOP with some IDR",
    "no B-frames, 23.976",
    "29.97, Matroska, seven B-frames",
    "60",
    "main profile, MOV",
    "baseline, full range",
    "variable rate",
    "starts at 10 s",
    "sound starts late",
    "sound starts early",
    "transport stream",
}
# What packets are copied of behind an edit list: all but pictures that rest, and keyframes that refer to earlier ones.
COPIED = (*sorted(JOINED - {"variable rate", "open GOP with some IDR"}), "HEVC", "VP9", "AV1", "MPEG-4 with B-frames")
# In `make test`: what differs most in how it is cut.
_FEW = (
    "closed GOP, B-frames",
    "open GOP with some IDR",
    "29.97, Matroska, seven B-frames",
    "baseline, full range",
    "variable rate",
    "HEVC",
)


@pytest.mark.parametrize("name", KINDS if CUTS else _FEW)
async def test_f66_every_kind_is_cut_exactly(name: str, tmp_path: Path) -> None:
    suffix, options = KINDS[name]
    made = draw(tmp_path / f"source{suffix}", seconds=SECONDS, **{"gop": 40, **options})
    engine = MediaEngine()
    info = await engine.probe(made.path)
    if made.times[0] > 0:
        made = with_priming(made, info)
    # `make exactness` tries others each time; here each run of the tests tries the same.
    seed = random.randrange(10**6) if CUTS else 7
    print(f"seed {seed}")
    pick = random.Random(seed)
    asked = [asked_of(made, pick, number) for number in range(CUTS or 3)]
    requests = [ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.DELIVERED) for n, (stretch, _) in enumerate(asked)]
    originals = judge.lumas(made.path)
    modes = []
    async for clip in engine.cut(made.path, requests, info):
        check_clip(made, clip, asked[int(clip.key)][1], originals, turns=-1 if name == "rotated" else 0)
        modes.append(clip.mode)
    assert len(modes) == len(asked)
    if name in JOINED:
        # A clip may lie across too few whole groups; most do not.
        assert modes.count("smart") > len(modes) / 2, modes
    else:
        assert set(modes) == {"encode"}


@pytest.mark.parametrize("name", COPIED if CUTS else ("29.97, Matroska, seven B-frames", "transport stream"))
async def test_f66_a_copy_shows_the_same_pictures(name: str, tmp_path: Path) -> None:
    suffix, options = KINDS[name]
    made = draw(tmp_path / f"source{suffix}", seconds=SECONDS, **{"gop": 40, **options})
    engine = MediaEngine()
    info = await engine.probe(made.path)
    if made.times[0] > 0:
        made = with_priming(made, info)
    # `make exactness` tries others each time; here each run of the tests tries the same.
    seed = random.randrange(10**6) if CUTS else 7
    print(f"seed {seed}")
    pick = random.Random(seed)
    asked = [asked_of(made, pick, number) for number in range(CUTS or 3)]
    requests = [ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.DELIVERED, way="copy") for n, (stretch, _) in enumerate(asked)]
    originals = judge.lumas(made.path)
    async for clip in engine.cut(made.path, requests, info):
        # The first picture stands before its own time, where sound begins earlier: no packet begins there, so it is encoded.
        before = asked[int(clip.key)][0].start < made.times[0] - 0.02
        assert clip.mode == "copy" or before, clip.reason
        check_clip(made, clip, asked[int(clip.key)][1], originals, turns=-1 if name == "rotated" else 0)
