"""Clips hold what was asked for: exact pictures, sound in place, nothing hidden. Judged by the `ffmpeg` program, not by PyAV."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import pytest
from av.container import OutputContainer
from av.packet import Packet

from media import judge
from media.makers import Drawn, draw
from videomoments.core.errors import InvalidInput
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.cutting import cut as cutting
from videomoments.media.cutting import edit_list, input_copy
from videomoments.media.cutting.cut import cut as cut_here
from videomoments.media.cutting.writer import put
from videomoments.media.engine import MediaEngine
from videomoments.media.failures import CannotCopy
from videomoments.media.probing.probe import probe
from videomoments.media.progress import Progress
from videomoments.media.reading.h264 import ParameterSets
from videomoments.media.types import ClipRequest, ClipWay, CutClip, MediaInfo

VARIABLE = [0.0, 0.04, 0.08, 0.2, 0.24, 0.28, 1.5, 1.54, 1.58, 2.9, 2.94, *[3 + number / 50 for number in range(100)]]
# Beside those of the matrix (`test_media_cut_matrix.py`).
SOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "vp9": (".webm", {"video": "libvpx-vp9", "audio": "libopus"}),
    "sound starts early": (".mkv", {"audio_delay": -0.5, "start": 1.0}),
    "transport stream": (".ts", {"fps": Fraction(30000, 1001)}),
    "avi": (".avi", {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0}),
    "odd size, wide pixels": (".mp4", {"aspect": Fraction(4, 3), "channels": 2}),
}


async def cut(source: Path, info: MediaInfo, *requests: ClipRequest) -> list[CutClip]:
    return [clip async for clip in MediaEngine().cut(source, requests, info)]


def expected(made: Drawn, start: float, end: float, step: float) -> list[int]:
    """Numbers of the frames that the contract promises: from the first at or after `start` within half a frame to the last before `end`."""
    low, high = bisect_left(made.times, start - step / 2), bisect_left(made.times, end - 0.0011)
    return list(range(low, high))


def close(found: Sequence[int], wanted: Sequence[int]) -> None:
    """One frame of tolerance at either end, none between: a cut can fall on the very middle of a frame."""
    assert abs(found[0] - wanted[0]) <= 1
    assert abs(found[-1] - wanted[-1]) <= 1
    assert list(found) == list(range(found[0], found[-1] + 1))


@pytest.mark.parametrize("name", SOURCES)
async def test_f66_delivered_clips_are_exact(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    suffix, options = SOURCES[name]
    made = draw(tmp_path / f"source{suffix}", **options)
    info = await MediaEngine().probe(made.path)
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    step = 1 / info.video.fps if info.video else 0
    asked = []
    for number in range(2):
        start = pick.uniform(0, made.seconds - 1.5)
        asked.append(
            ClipRequest(str(number), Interval(start, start + pick.uniform(0.4, 1.5)), tmp_path / f"{number}.mp4", ClipKind.DELIVERED)
        )
    asked.append(ClipRequest("whole seconds", Interval(2.0, 3.5), tmp_path / "whole.mp4", ClipKind.DELIVERED))
    for ask, clip in zip(asked, await cut(made.path, info, *asked), strict=True):
        wanted = expected(made, ask.interval.start, ask.interval.end, step)
        found = judge.numbers(clip.path)
        close(found, wanted)
        assert clip.frames == len(found)
        # Where sound begins earlier, the first picture stands from the beginning on: a clip may begin while it does.
        begins = ask.interval.start if found[0] == 0 and ask.interval.start < made.times[0] else made.times[found[0]]
        assert clip.start == pytest.approx(begins, abs=0.002)
        assert abs(clip.start - ask.interval.start) <= step / 2 + 0.001
        shown = judge.times(clip.path)
        assert shown[0] == pytest.approx(0, abs=0.001)
        assert judge.times(clip.path, ignore_edits=True) == pytest.approx(shown, abs=0.001)
        heard = judge.beeps(judge.sound(clip.path))
        beeps = [at - clip.start for at in made.beeps if clip.start + 0.02 < at < clip.end - 0.06]
        assert [at for at in heard if 0.02 < at < clip.end - clip.start - 0.06] == pytest.approx(beeps, abs=0.010)


async def test_f66_a_cut_at_a_frame_is_that_frame(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", fps=Fraction(30000, 1001), audio=None)
    info = await MediaEngine().probe(made.path)
    asked = []
    for first, last in ((0, 30), (37, 80), (51, 52), (100, 179)):
        # Rounded to milliseconds, as a person or a model gives it.
        stretch = Interval(round(made.times[first], 3), round(made.times[last], 3))
        asked.append(ClipRequest(f"{first}-{last}", stretch, tmp_path / f"{first}.mp4", ClipKind.DELIVERED))
    for clip in await cut(made.path, info, *asked):
        first, last = (int(part) for part in clip.key.split("-"))
        assert judge.numbers(clip.path) == list(range(first, last))


async def test_f66_a_resting_picture_is_shown_from_the_clips_start(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", times=VARIABLE, seconds=5.0)
    info = await MediaEngine().probe(made.path)
    assert info.video is not None
    assert info.video.vfr
    (clip,) = await cut(made.path, info, ClipRequest("a", Interval(0.8, 2.5), tmp_path / "a.mp4", ClipKind.DELIVERED))
    assert judge.numbers(clip.path) == [5, 6, 7, 8]
    assert judge.times(clip.path) == pytest.approx([0, 0.7, 0.74, 0.78], abs=0.002)
    assert (clip.start, clip.end) == pytest.approx((0.8, 2.5), abs=0.002)
    assert judge.beeps(judge.sound(clip.path)) == pytest.approx([0.2, 1.2], abs=0.010)


async def test_the_last_picture_rests_while_the_sound_goes_on(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", times=[number / 25 for number in range(75)], seconds=6)
    info = await MediaEngine().probe(made.path)
    assert info.duration == pytest.approx(6, abs=0.05)
    over, after = await cut(
        made.path,
        info,
        ClipRequest("over", Interval(2.5, 4.5), tmp_path / "over.mp4", ClipKind.DELIVERED),
        ClipRequest("after", Interval(4.5, 5.5), tmp_path / "after.mp4", ClipKind.DELIVERED),
    )
    assert (over.end, after.start, after.end) == pytest.approx((4.5, 4.5, 5.5), abs=0.001)
    assert judge.numbers(over.path)[-1] == 74
    assert judge.numbers(after.path) == [74]
    assert judge.beeps(judge.sound(over.path)) == pytest.approx([3 - over.start, 4 - over.start], abs=0.010)
    assert judge.beeps(judge.sound(after.path)) == pytest.approx([0.5], abs=0.010)


async def test_rotation_and_pixel_shape_are_baked_in(tmp_path: Path) -> None:
    turned = draw(tmp_path / "turned.mp4", seconds=2, rotation=90, size=(192, 320))
    info = await MediaEngine().probe(turned.path)
    assert info.video is not None
    assert (info.video.display_width, info.video.display_height, info.video.rotation) == (320, 192, 270)
    wide = draw(tmp_path / "wide.mp4", seconds=2, aspect=Fraction(4, 3), size=(322, 194))
    for source, size in ((turned, (320, 192)), (wide, (428, 194))):
        facts = await MediaEngine().probe(source.path)
        (clip,) = await cut(source.path, facts, ClipRequest("a", Interval(0, 1), source.path.with_suffix(".clip.mp4"), ClipKind.DELIVERED))
        assert judge.size_of(clip.path) == size
    # Upright it is the source as a player turns it: the strip runs along the left side, read from the bottom.
    upright = judge.lumas(tmp_path / "turned.clip.mp4")[0]
    assert judge.number_in(upright[:, ::-1].T[::-1, ::-1].copy()) == 0 or judge.number_in(upright.T[:, ::-1].copy()) == 0


async def test_faster_than_60_is_thinned_to_60(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", fps=120, seconds=2, audio=None)
    info = await MediaEngine().probe(made.path)
    (clip,) = await cut(made.path, info, ClipRequest("a", Interval(0.5, 1.5), tmp_path / "a.mp4", ClipKind.DELIVERED))
    assert judge.numbers(clip.path) == list(range(60, 180, 2))


@pytest.mark.parametrize("kind", list(ClipKind))
async def test_f67_paddings_are_clamped_to_the_source(kind: ClipKind, tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", seconds=4)
    info = await MediaEngine().probe(made.path)
    asked = [
        ClipRequest("first", Interval(0.4, 1.2), tmp_path / "first.mp4", kind, 5.0, 0.2),
        ClipRequest("last", Interval(2.8, 3.9), tmp_path / "last.mp4", kind, 0.2, 5.0),
    ]
    first, last = await cut(made.path, info, *asked)
    assert first.start == 0
    assert first.padding_left == pytest.approx(0.4)
    assert last.end == pytest.approx(4.0, abs=0.05)
    assert last.padding_right == pytest.approx(last.end - 3.9)
    with pytest.raises(InvalidInput):
        await cut(made.path, info, ClipRequest("outside", Interval(5, 6), tmp_path / "outside.mp4", kind))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.mp4", "last.mp4", "source.mp4"]


async def test_f68_a_source_without_pictures_gives_sound_clips(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.m4a", video=None, seconds=5)
    info = await MediaEngine().probe(made.path)
    for kind in ClipKind:
        (clip,) = await cut(made.path, info, ClipRequest("a", Interval(1.3, 3.7), tmp_path / f"{kind}.m4a", kind))
        assert (clip.mode, clip.frames, clip.start, clip.end) == ("audio", 0, 1.3, 3.7)
        samples = judge.sound(clip.path)
        assert len(samples) / judge.RATE == pytest.approx(2.4, abs=0.03)
        assert judge.beeps(samples) == pytest.approx([0.7, 1.7], abs=0.005)


async def test_input_clips_are_copied_and_hide_nothing(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", seconds=8, gop=25, b_frames=3, options={"preset": "veryfast", "sc_threshold": "0"})
    info = await MediaEngine().probe(made.path)
    (clip,) = await cut(made.path, info, ClipRequest("a", Interval(3.5, 6.0), tmp_path / "a.mp4", ClipKind.INPUT, 0.3, 0.3))
    assert clip.mode == "copy"
    found = judge.numbers(clip.path)
    assert clip.start == pytest.approx(made.times[found[0]], abs=0.001)
    assert clip.start == pytest.approx(3.0, abs=0.001)
    assert clip.padding_left == pytest.approx(0.5, abs=0.001)
    assert clip.end == pytest.approx(made.times[found[-1]] + 0.04, abs=0.001)
    assert found == list(range(75, 75 + clip.frames))
    every = judge.times(clip.path, ignore_edits=True)
    assert len(every) == clip.frames
    assert every == pytest.approx([number / 25 for number in range(clip.frames)], abs=0.001)
    beeps = [at - clip.start for at in made.beeps if clip.start + 0.05 < at < clip.end - 0.1]
    assert [at for at in judge.beeps(judge.sound(clip.path)) if at > 0.05] == pytest.approx(beeps, abs=0.015)


@pytest.mark.parametrize(
    ("name", "suffix", "options"),
    [
        ("keyframe too far", ".mp4", {"gop": 500}),
        ("vp9", ".webm", {"video": "libvpx-vp9", "audio": "libopus"}),
        ("variable rate", ".mp4", {"times": VARIABLE}),
        ("rotated", ".mp4", {"rotation": 180}),
    ],
)
async def test_input_clips_become_small_even_proxies(name: str, suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    made = draw(tmp_path / f"source{suffix}", **options)
    info = await MediaEngine().probe(made.path)
    (clip,) = await cut(made.path, info, ClipRequest("a", Interval(3.2, 4.4), tmp_path / "a.mp4", ClipKind.INPUT, 0.2, 0.2))
    assert clip.mode == "proxy"
    assert (clip.start, clip.frames) == (pytest.approx(3.0), 16)
    assert judge.times(clip.path, ignore_edits=True) == pytest.approx([number / 10 for number in range(16)], abs=0.001)
    heard = [at for at in judge.beeps(judge.sound(clip.path)) if at > 0.1]
    assert heard == pytest.approx([1.0], abs=0.010)
    if name == "keyframe too far":
        shown = [made.times[number] for number in judge.numbers(clip.path)]
        assert shown == pytest.approx([3 + number / 10 for number in range(16)], abs=0.09)


async def test_an_input_clip_fits_its_bound(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", seconds=6, gop=25, size=(960, 544))
    info = await MediaEngine().probe(made.path)
    stretch = Interval(2, 5)
    free, bound = await cut(
        made.path,
        info,
        ClipRequest("free", stretch, tmp_path / "free.mp4", ClipKind.INPUT),
        ClipRequest("bound", stretch, tmp_path / "bound.mp4", ClipKind.INPUT, max_bytes=40_000),
    )
    assert free.mode == "copy"
    assert (bound.mode, bound.size_bytes <= 40_000) == ("proxy", True)


async def test_clips_come_as_they_are_ready_and_progress_only_rises(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4")
    info = await MediaEngine().probe(made.path)
    asked = [ClipRequest(str(n), Interval(n, n + 1), tmp_path / f"{n}.mp4", ClipKind.DELIVERED) for n in range(4)]
    seen: list[float] = []
    keys = []
    async for clip in MediaEngine().cut(made.path, asked, info, on_progress=seen.append):
        assert clip.path.stat().st_size == clip.size_bytes
        keys.append(clip.key)
    assert keys == ["0", "1", "2", "3"]
    assert seen == sorted(seen)
    assert all(0 <= share <= 1 for share in seen)


def test_a_clip_survives_json() -> None:
    clip = CutClip("k", Path("/x/y.mp4"), ClipKind.INPUT, 1.0, 2.0, 0.5, 0.0, "copy", 25, 1000, "why")
    assert CutClip.from_dict(clip.to_dict()) == clip


async def test_f66_a_long_copy_has_its_sound_in_place(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", seconds=320, fps=2, gop=20, options={"sc_threshold": "0"})
    info = await MediaEngine().probe(made.path)
    asked = ClipRequest("a", Interval(3.5, 313.0), tmp_path / "a.mp4", ClipKind.DELIVERED, way="copy")
    (clip,) = await cut(made.path, info, asked)
    assert clip.mode == "copy", clip.reason
    assert judge.numbers(clip.path) == list(range(7, 626))
    heard = [at for at in judge.beeps(judge.sound(clip.path)) if at < clip.end - clip.start - 0.06]
    assert heard == pytest.approx([second - 3.5 for second in range(4, 313)], abs=0.010)


@pytest.mark.parametrize(("kind", "way", "mode"), [(ClipKind.INPUT, "exact", "proxy"), (ClipKind.DELIVERED, "copy", "smart")])
def test_what_no_container_takes_is_encoded_and_the_reason_names_no_file(
    kind: ClipKind, way: ClipWay, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draw(tmp_path / "source.mp4", gop=25)
    info = probe(made.path, lambda: None)

    def backwards(out: OutputContainer, packets: Packet | Sequence[Packet]) -> None:
        """As of a source whose clock runs backwards."""
        given = [packets] if isinstance(packets, Packet) else packets
        for packet in given:
            packet.dts = -(packet.dts or 0)
        put(out, given)

    monkeypatch.setattr(input_copy, "put", backwards)
    monkeypatch.setattr(edit_list, "put", backwards)
    asked = ClipRequest("a", Interval(1.1, 4.6), tmp_path / "a.mp4", kind, way=way)
    (clip,) = cut_here(made.path, [asked], info, Progress(lambda _: None))
    assert clip.mode == mode
    assert "make no sense" in clip.reason
    assert str(tmp_path) not in clip.reason
    assert len(judge.numbers(clip.path)) == clip.frames


_WAYS: list[tuple[ClipKind, ClipWay, str]] = [
    (ClipKind.INPUT, "exact", "copy_clip"),
    (ClipKind.DELIVERED, "copy", "check_edit_list"),
    (ClipKind.DELIVERED, "exact", "write_join"),
]


@pytest.mark.parametrize(("kind", "way", "broken"), _WAYS)
def test_only_what_can_not_be_copied_is_encoded_instead(
    kind: ClipKind, way: ClipWay, broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draw(tmp_path / "source.mp4", gop=25)
    info = probe(made.path, lambda: None)
    asked = ClipRequest("a", Interval(1.1, 4.6), tmp_path / "a.mp4", kind, way=way)

    def fails(error: Exception) -> None:
        def failing(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(cutting, broken, failing)

    fails(ValueError("a mistake of ours"))
    with pytest.raises(ValueError, match="a mistake of ours"):
        list(cut_here(made.path, [asked], info, Progress(lambda _: None)))
    for refused, reason in (
        (CannotCopy("its pictures are odd"), "its pictures are odd"),
        (av.error.ArgumentError(22, "Invalid argument", str(made.path)), "its packets can't be put into another file"),
    ):
        fails(refused)
        (clip,) = cut_here(made.path, [asked], info, Progress(lambda _: None))
        assert reason in clip.reason
        assert str(tmp_path) not in clip.reason


def test_parameter_sets_that_no_header_holds_are_refused() -> None:
    unit = b"\x67\x64\x00\x1f\xac"
    for sets in (
        ParameterSets((unit,) * 32, (unit,), 4),
        ParameterSets((unit,), (unit,) * 256, 4),
        ParameterSets((unit + bytes(0x10000),), (unit,), 4),
    ):
        with pytest.raises(CannotCopy):
            sets.joined(ParameterSets((), (), 4))
    assert ParameterSets((unit,) * 31, (unit,) * 255, 4).joined(ParameterSets((), (), 4))
