"""Changes of scene: a fast pass says between which keyframes, an exact one at which picture."""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import pytest

from media.makers import draw
from videomoments.media.engine import MediaEngine
from videomoments.media.reading.pictures import Pictures
from videomoments.media.scenes.keyframe_selection import KeyframeSelection
from videomoments.media.types import MediaInfo


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {"b_frames": 2}),
        (".mkv", {"video": "libvpx-vp9", "audio": None}),
        (".ts", {"start": 10.0}),
        (".mp4", {"size": (192, 320), "rotation": 90}),
    ],
)
async def test_every_change_is_found_to_the_picture(suffix: str, options: dict[str, object], tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    scene = random.Random(seed).choice([1.2, 1.72, 2.6])
    made = draw(tmp_path / f"a{suffix}", seconds=8, gop=40, scene_seconds=scene, options={"sc_threshold": "0"}, **options)  # type: ignore[arg-type]
    engine = MediaEngine()
    info = await engine.probe(made.path)
    fast = await engine.shots(made.path, info)
    keyframes = [*_keyframes(made.path, info), made.times[-1]]
    assert all(min(abs(at - keyframe) for keyframe in keyframes) < 1e-3 for shot in fast for at in (shot.earliest, shot.latest))
    found = await engine.shots(made.path, info, within=fast)
    assert all(shot.exact for shot in found)
    # Two changes between the same keyframes are one stretch, and both are found in it.
    held = [cut for cut in made.cuts if any(shot.earliest < cut <= shot.latest + 0.001 for shot in fast)]
    assert [shot.latest for shot in found] == pytest.approx(held, abs=0.041)
    assert len(held) >= len(made.cuts) - 1


async def test_one_scene_has_no_change_and_sound_has_no_pictures(tmp_path: Path) -> None:
    engine = MediaEngine()
    still = draw(tmp_path / "a.mp4", seconds=4, gop=20, scene_seconds=100)
    info = await engine.probe(still.path)
    assert await engine.shots(still.path, info) == []
    assert await engine.shots(still.path, info, within=[]) == []
    sound = draw(tmp_path / "a.m4a", seconds=1, video=None)
    assert await engine.shots(sound.path, await engine.probe(sound.path)) == []


# Keyframes every 2 s whatever is shown, and large beside what follows them, as of a camera that stands still.
_STANDING = {"gop": 50, "grain": 50, "options": {"sc_threshold": "0"}}


def _keyframes(path: Path, info: MediaInfo) -> list[float]:
    pictures = Pictures(path, info)
    try:
        return [pictures.seconds(packet.pts or 0) for packet in pictures.packets_from(0.0) if packet.is_keyframe]
    finally:
        pictures.close()


def _decoded(path: Path, info: MediaInfo) -> list[float]:
    pictures = Pictures(path, info)
    try:
        return [pictures.seconds(packet.pts or 0) for packet in KeyframeSelection(pictures).worth_decoding() if packet.is_keyframe]
    finally:
        pictures.close()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
async def test_while_the_camera_stands_still_one_keyframe_in_twenty_seconds_is_decoded(suffix: str, tmp_path: Path) -> None:
    still = draw(tmp_path / f"a{suffix}", seconds=50, scene_seconds=100, **_STANDING)  # type: ignore[arg-type]
    engine = MediaEngine()
    info = await engine.probe(still.path)
    # The second tells how many packets are usual; the last is always decoded.
    assert _decoded(still.path, info) == pytest.approx([0, 2, 22, 42, 48], abs=0.01)
    assert await engine.shots(still.path, info) == []


@pytest.mark.parametrize("at", [6.0, 14.0, 19.6, 26.0])
async def test_changes_among_keyframes_that_were_not_decoded_are_found_to_the_picture(at: float, tmp_path: Path) -> None:
    """All but 19.6 s are also times of keyframes: no packet tells of the change. After 6 s there are three scenes in one such stretch."""
    made = draw(tmp_path / "a.mp4", seconds=at + 12, scene_seconds=at, **_STANDING)  # type: ignore[arg-type]
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert len(_decoded(made.path, info)) < 6
    fast = await engine.shots(made.path, info)
    assert [shot for shot in fast if shot.latest - shot.earliest > 2.2] == []
    found = await engine.shots(made.path, info, within=fast)
    assert [shot.latest for shot in found] == pytest.approx([cut for cut in made.cuts if cut < at + 11.9], abs=0.041)


async def test_a_change_after_the_last_keyframe_is_told_by_the_sizes(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=7.6, scene_seconds=6.8, **_STANDING)  # type: ignore[arg-type]
    engine = MediaEngine()
    info = await engine.probe(made.path)
    fast = await engine.shots(made.path, info)
    assert [(shot.earliest, shot.latest) for shot in fast] == [pytest.approx((6.0, 7.56), abs=0.01)]
    assert [shot.latest for shot in await engine.shots(made.path, info, within=fast)] == pytest.approx([6.8], abs=0.001)


@pytest.mark.parametrize("scenecut", ["0", "40"])
async def test_a_change_below_an_upper_part_that_stays_is_found(scenecut: str, tmp_path: Path) -> None:
    """The upper half never changes: only the sizes say that the rest is worth a look."""
    path, chance = tmp_path / "a.mp4", np.random.default_rng(3)
    upper = chance.integers(100, 140, (160, 320, 3), np.uint8)
    lower = [chance.integers(darkest, darkest + 120, (160, 320, 3), np.uint8) for darkest in (0, 130)]
    options = {"preset": "ultrafast", "sc_threshold": scenecut, "crf": "18"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.gop_size = 320, 320, 50
        for number in range(300):
            picture = np.concatenate([upper, lower[int(number >= 160)]])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    engine = MediaEngine()
    info = await engine.probe(path)
    fast = await engine.shots(path, info)
    assert [shot.earliest <= 6.4 <= shot.latest for shot in fast] == [True]
    assert [shot.latest for shot in await engine.shots(path, info, within=fast)] == pytest.approx([6.4], abs=0.001)
