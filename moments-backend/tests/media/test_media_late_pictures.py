"""Sound before the first picture: it is not lost, and the first picture stands until the others come."""

from __future__ import annotations

import dataclasses
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import judge
from media.makers import Drawn, draw, number_in
from media.odd_clocks import unflag
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, MediaInfo, ThumbnailRequest

SMALL: dict[str, Any] = {"size": (160, 96), "gop": 12}
LATE = 3.2


async def heard(engine: MediaEngine, made: Drawn, info: MediaInfo) -> list[float]:
    target = made.path.with_suffix(".wav")
    await engine.extract_audio(made.path, target, info)
    with wave.open(str(target)) as file:
        return judge.beeps(np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768, 16_000)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv", ".mov"])
async def test_f92_sound_before_the_pictures_begins_the_timeline(suffix: str, tmp_path: Path) -> None:
    made = draw(tmp_path / f"late{suffix}", seconds=5, start=5.0, audio_delay=-LATE, **SMALL)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.video is not None
    assert info.audio is not None
    assert info.video.start == pytest.approx(LATE, abs=0.025)
    assert info.audio.start == pytest.approx(0, abs=0.001)
    assert info.duration == pytest.approx(made.seconds, abs=0.06)
    assert info.video.fps == pytest.approx(25, rel=0.01)
    assert info.video.keyframes is None or info.video.keyframes[0] == pytest.approx(info.video.start, abs=0.002)
    by = info.video.start - LATE  # an encoder's priming comes before the first sample
    assert await heard(engine, made, info) == pytest.approx([at + by for at in made.beeps], abs=0.010)

    asked = {"before": (0.5, 2.0), "over": (2.0, 5.0), "after": (4.0, 7.0)}
    requests = [ClipRequest(key, Interval(*stretch), tmp_path / f"{key}.mp4", ClipKind.DELIVERED) for key, stretch in asked.items()]
    clips = {clip.key: clip async for clip in engine.cut(made.path, requests, info)}
    for key, (start, end) in asked.items():
        clip = clips[key]
        shown = [number_in(luma) for luma in judge.lumas(clip.path)]
        times = [at + by for at in made.times]
        wanted = [n for n, at in enumerate(times) if start - 0.02 <= at < end - 0.001]
        assert shown == ([0, *(n for n in wanted if n)] if start < times[0] else wanted)
        assert clip.start == pytest.approx(start, abs=0.021)
        assert clip.end == pytest.approx(end, abs=0.041)
        beeps = [at + by - clip.start for at in made.beeps if 0.03 < at + by - clip.start < clip.end - clip.start - 0.06]
        found = judge.beeps(judge.sound(clip.path))
        assert all(any(abs(at - other) <= 0.010 for other in found) for at in beeps), (clip, beeps, found)
        assert len(judge.sound(clip.path)) / judge.RATE == pytest.approx(clip.end - clip.start, abs=0.035)

    # A model sees the same, at an even rate.
    proxy = ClipRequest("proxy", Interval(1.0, 4.0), tmp_path / "proxy.mp4", ClipKind.INPUT)
    [clip] = [clip async for clip in engine.cut(made.path, [proxy], info)]
    numbers = judge.numbers(clip.path)
    assert len(numbers) == 30
    assert numbers[:20] == [0] * 20
    assert numbers[-1] > 15
    stills = [ThumbnailRequest("a", tmp_path / "a.jpg", 1.0, tolerance=0.0), ThumbnailRequest("b", tmp_path / "b.jpg", 5.2, tolerance=0.0)]
    early, late = await engine.thumbnails(made.path, stills, info)
    assert number_in(judge.lumas(early.path)[0]) == 0
    assert number_in(judge.lumas(late.path)[0]) == pytest.approx((5.2 - info.video.start) * 25, abs=1)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
async def test_f92_a_clip_is_joined_although_the_pictures_came_too_late_to_be_looked_at(suffix: str, tmp_path: Path) -> None:
    """FFmpeg looks at the first seconds of a file: of pictures that come later it knows neither format nor colours."""
    made = draw(tmp_path / f"late{suffix}", seconds=5, start=6.9, audio_delay=-5.9, b_frames=0, **SMALL)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.video is not None
    by = info.video.start - 5.9
    request = ClipRequest("a", Interval(7.3, 9.9), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [request], info)]
    assert clip.mode == "smart", clip.reason
    wanted = [n for n, at in enumerate(made.times) if clip.start - 0.001 <= at + by < clip.end - 0.001]
    assert [number_in(luma) for luma in judge.lumas(clip.path)] == wanted


async def test_f92_priming_is_trimmed_as_before(tmp_path: Path) -> None:
    made = draw(tmp_path / "primed.mkv", seconds=4, start=1.0, audio_delay=-0.06, **SMALL)
    info = await MediaEngine().probe(made.path)
    assert info.video is not None
    assert info.audio is not None
    assert info.video.start == 0
    assert -0.1 < info.audio.start < -0.05
    assert await heard(MediaEngine(), made, info) == pytest.approx(made.beeps, abs=0.010)


async def test_f92_a_stream_that_begins_amid_a_group_of_pictures(tmp_path: Path) -> None:
    """As a receiver records it: the sound is heard at once, the pictures decode from the next keyframe on."""
    made = draw(tmp_path / "whole.ts", seconds=8, b_frames=2, size=(160, 96), gop=75, options={"x264-params": "scenecut=0"})
    data = made.path.read_bytes()
    from_here = len(data) // 188 // 8 * 188
    cut = tmp_path / "amid.ts"
    # The tables stand at the head of the file, before the first picture.
    cut.write_bytes(data[: 3 * 188] + data[from_here:])
    engine = MediaEngine()
    info = await engine.probe(cut)
    assert info.video is not None
    assert info.video.fps == pytest.approx(25, rel=0.02)
    assert info.video.start > 0.5
    assert info.duration == pytest.approx(info.video.start + 5.0, abs=0.1)
    asked = ClipRequest("a", Interval(0.2, info.video.start + 1.0), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(cut, [asked], info)]
    assert judge.numbers(clip.path) == list(range(75, 100))
    shift = 3.0 - info.video.start
    beeps = [at - shift - clip.start for at in made.beeps if 0.03 < at - shift - clip.start < clip.end - clip.start - 0.06]
    found = judge.beeps(judge.sound(clip.path))
    assert beeps
    assert all(any(abs(at - other) <= 0.010 for other in found) for at in beeps), (beeps, found)


async def test_f92_what_was_measured_before_keeps_its_zero(tmp_path: Path) -> None:
    """A row of the version before: its zero is the first picture, its sound begins below it, and its clips lie on the same frames."""
    made = draw(tmp_path / "late.mkv", seconds=6, start=5.0, audio_delay=-LATE, **SMALL)
    engine = MediaEngine()
    now = await engine.probe(made.path)
    assert now.video is not None
    assert now.audio is not None
    start = now.video.start
    keyframes = now.video.keyframes and tuple(at - start for at in now.video.keyframes)
    kept = dataclasses.replace(
        now,
        start_pts=now.start_pts + start,
        duration=now.duration - start,
        video=dataclasses.replace(now.video, keyframes=keyframes),
        audio=dataclasses.replace(now.audio, start=-start),
    ).to_dict()
    # What the version before did not write.
    del kept["clock"]
    del kept["video"]["start"]
    old = MediaInfo.from_dict(kept)
    assert (old.clock_version, now.clock_version) == (1, 2)
    asked = ClipRequest("a", Interval(1.0, 3.0), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [asked], old)]
    assert judge.numbers(clip.path) == list(range(25, 75))
    assert [at for at in judge.beeps(judge.sound(clip.path)) if at < 1.9] == pytest.approx([0.0, 1.0], abs=0.010)
    assert await heard(engine, made, old) == pytest.approx([at - LATE for at in made.beeps], abs=0.010)


@pytest.mark.parametrize("every", [0, 40])
@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame"])
async def test_f93_sound_that_no_index_marks_decodes(codec: str, every: int, tmp_path: Path) -> None:
    made = draw(tmp_path / "camera.avi", seconds=9, video="mpeg4", audio=codec, b_frames=0, **SMALL)
    unflag(made.path, every=every)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.audio is not None
    assert (info.audio.decodable, info.audio.reason) == (True, "")
    assert info.duration == pytest.approx(9, abs=0.08)
    assert await heard(engine, made, info) == pytest.approx(made.beeps, abs=0.030)
    asked = [ClipRequest(str(at), Interval(at, at + 2), tmp_path / f"{at}.mp4", ClipKind.DELIVERED) for at in (5.4, 0.4, 3.4)]
    async for clip in engine.cut(made.path, asked, info):
        wanted = [at - clip.start for at in made.beeps if 0.03 < at - clip.start < 1.9]
        assert judge.beeps(judge.sound(clip.path)) == pytest.approx(wanted, abs=0.030)
