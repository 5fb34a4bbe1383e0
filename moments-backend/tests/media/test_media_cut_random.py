"""Exactness as a property: random sources, random cuts, the same promises as in `test_media_cut_matrix.py`.

`make exactness` draws eight sources for each cut of the matrix (`EXACTNESS_CUTS`), `make test` six; a third of them have an odd clock,
index or track (`odd_clocks.py`). `EXACTNESS_SEED=n` repeats from there.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from media import judge
from media.exactness import asked_of, check_clip, with_priming
from media.makers import Drawn, draw
from media.odd_clocks import odd_source
from videomoments.core.names import ClipKind
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest

_SOURCES = 8 * int(os.environ.get("EXACTNESS_CUTS", "0")) or 6
_CUTS = 3
# Of three sources one has an odd clock, index or track.
_ODD_EVERY = 3
_RATES = (Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 50, Fraction(60000, 1001), 60, 15, 12)
_SIZES = ((320, 192), (192, 320), (322, 194), (288, 162), (256, 256))


def random_source(pick: random.Random) -> tuple[str, dict[str, Any]]:
    """Suffix and what `draw` is told. AV1 is the matrix's alone: its encoder, as it comes with PyAV, waits for ever now and then."""
    codec = pick.choice(["libx264"] * 6 + ["libx265", "libvpx-vp9", "mpeg4"])
    suffix = pick.choice(
        {
            "libx264": (".mp4", ".mov", ".mkv", ".ts"),
            "libx265": (".mp4", ".mkv", ".ts"),
            "libvpx-vp9": (".webm", ".mkv"),
            "mpeg4": (".mp4", ".avi", ".mkv"),
        }[codec]
    )
    told: dict[str, Any] = {
        "video": codec,
        "fps": pick.choice(_RATES),
        "size": pick.choice(_SIZES),
        "gop": pick.choice([1, 5, 12, 25, 48, 90, 250]),
        "seconds": pick.choice([7.0, 9.0, 11.3]),
        "scene_seconds": pick.choice([0.9, 2.0, 30.0]),
        "channels": pick.choice([1, 2, 6]),
        "rate": pick.choice([44_100, 48_000]),
        "grain": pick.choice([0, 40]),
        "audio": {".webm": "libopus", ".avi": "pcm_s16le"}.get(suffix) or pick.choice(["aac", "aac", "libmp3lame"]),
        "options": _options(codec, pick),
        "b_frames": pick.choice([0, 1, 2, 3, 5]) if codec in ("libx264", "libx265") else 0,
    }
    if told["audio"] == "libopus":
        told["rate"] = 48_000
    if told["audio"] == "libmp3lame":
        told["channels"] = min(2, told["channels"])
    if told["gop"] == 1:
        told["b_frames"] = 0
    if codec == "libx265":
        told["b_frames"] = min(told["b_frames"], 3)
    if suffix != ".avi" and codec in ("libx264", "libx265", "libvpx-vp9"):
        # The others count in pictures: they would round it.
        told["start"] = pick.choice([0.0, 0.0, 1.4, 10.0])
        told["audio_delay"] = pick.choice([0.0, 0.0, 0.023, 0.9]) if told["start"] == 0 else pick.choice([0.0, -0.4, 0.31])
    if suffix in (".mp4", ".mov"):
        told["muxing"] = pick.choice([{}, {"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
        if "empty_moov" in str(told["muxing"]):
            told["audio"] = None
    return suffix, told


def usual_source(pick: random.Random, folder: Path, seed: int) -> tuple[Drawn, list[Any]]:
    """The truth about a source, and its pictures."""
    suffix, told = random_source(pick)
    print(f"seed {seed}: {suffix} {told}")
    made = draw(folder / f"source{suffix}", **told)
    if "empty_moov" in str(told):
        made = as_muxed(made)
    return made, judge.lumas(made.path)


def _options(codec: str, pick: random.Random) -> dict[str, str]:
    if codec == "libx264":
        parameters = {
            "scenecut": pick.choice([0, 40]),
            "open-gop": pick.choice([0, 0, 1]),
            "ref": pick.choice([1, 3, 6]),
            "slices": pick.choice([1, 1, 4]),
            "cabac": pick.choice([0, 1, 1]),
            "b-pyramid": pick.choice(["none", "strict", "normal"]),
            "weightp": pick.choice([0, 2]),
            "8x8dct": pick.choice([0, 1]),
        }
        preset = pick.choice(["ultrafast", "veryfast", "medium"])
        return {"preset": preset, "x264-params": ":".join(f"{name}={value}" for name, value in parameters.items())}
    return {
        "libx265": {"preset": "ultrafast", "x265-params": f"log-level=none:open-gop={pick.choice([0, 1])}"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "1M"},
    }.get(codec, {"q": "3"})


def as_muxed(made: Drawn) -> Drawn:
    """What `ffmpeg` makes of a fragmented file: without edit lists its muxer moves what is late or out of order."""
    times = judge.times(made.path)
    return replace(made, times=tuple(at - times[0] for at in times))


@pytest.mark.parametrize("number", range(_SOURCES))
async def test_f66_any_source_is_cut_exactly(number: int, tmp_path: Path) -> None:
    # `make exactness` tries others each time; here each run of the tests tries the same.
    first = os.environ.get("EXACTNESS_SEED") or (random.randrange(10**6) if "EXACTNESS_CUTS" in os.environ else 7)
    seed = int(first) + number
    pick = random.Random(seed)
    made, originals = odd_source(pick, tmp_path) if seed % _ODD_EVERY == 0 else usual_source(pick, tmp_path, seed)
    print(f"seed {seed}: {made.path.name}")
    engine = MediaEngine()
    info = await engine.probe(made.path)
    if made.times[0] > 0:
        made = with_priming(made, info)
    lengths = pick.choice([(0.4, 1.2), (1.0, 3.0), (2.5, 5.0)])
    asked = [asked_of(made, pick, cut, lengths) for cut in range(_CUTS)]
    requests = [ClipRequest(str(cut), stretch, tmp_path / f"{cut}.mp4", ClipKind.DELIVERED) for cut, (stretch, _) in enumerate(asked)]
    came = []
    async for clip in engine.cut(made.path, requests, info):
        print(clip.mode, clip.reason, asked[int(clip.key)][0])
        check_clip(made, clip, asked[int(clip.key)][1], originals)
        came.append(clip.key)
    assert came == [request.key for request in requests]
