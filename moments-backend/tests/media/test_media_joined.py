"""Files whose clock begins anew inside: every part is there, and its sound beside its pictures."""

from __future__ import annotations

import random
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media import judge
from media.exactness import asked_of
from media.makers import Drawn, draw, joined, number_in
from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.probing import ts_samples
from videomoments.media.probing.flv_tags import read_tags
from videomoments.media.probing.whole_files import later_files
from videomoments.media.types import ClipRequest, MediaInfo, ThumbnailRequest

SMALL: dict[str, Any] = {"size": (160, 96), "gop": 12}
CLOCKS = {
    "the same clock twice": (10.0, 10.0),
    "an hour later": (10.0, 3610.0),
    "a jump back": (3700.0, 100.0),
    "a little back": (10.0, 12.0),
    "three, past the wrap of 33 bits": (95_440.0, 300.0, 95_441.0),
}


def drawn(folder: Path, suffix: str, clocks: tuple[float, ...], **told: Any) -> Drawn:
    """Parts of some seconds, each a little longer than the one before."""
    parts = [{"seconds": 4.6 + number, "start": start, **SMALL, **told} for number, start in enumerate(clocks)]
    return joined(folder / f"joined{suffix}", parts)


async def heard(engine: MediaEngine, made: Drawn, info: MediaInfo) -> list[float]:
    """Where the speech track has its beeps."""
    target = made.path.with_suffix(".wav")
    await engine.extract_audio(made.path, target, info)
    with wave.open(str(target)) as file:
        return judge.beeps(np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768, 16_000)


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
@pytest.mark.parametrize("name", CLOCKS)
async def test_f82_every_part_is_there_with_its_sound(name: str, suffix: str, tmp_path: Path) -> None:
    made = drawn(tmp_path, suffix, CLOCKS[name] if suffix == ".ts" else tuple(at % 50_000 for at in CLOCKS[name]))
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.duration == pytest.approx(made.seconds, abs=0.025)
    assert "clock_begins_anew" in info.warnings
    assert info.video is not None
    assert info.video.fps == pytest.approx(25, rel=0.02)
    assert MediaInfo.from_dict(info.to_dict()) == info
    assert await heard(engine, made, info) == pytest.approx(made.beeps, abs=0.010)

    # Keyframes and stills: the number in each is that of its time.
    asked = [
        ThumbnailRequest(str(at), tmp_path / f"{at}.png", at, tolerance=0.0) for at in (0.0, 2.0, made.seconds / 2, made.seconds - 0.5)
    ]
    for still in await engine.thumbnails(made.path, asked, info):
        nearest = int(np.abs(np.array(made.times) - still.time).argmin())
        assert number_in(judge.lumas(still.path)[0]) == nearest
    assert info.video.keyframes is not None
    assert all(min(abs(at - shown) for shown in made.times) < 0.002 for at in info.video.keyframes)


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
async def test_f82_clips_before_over_and_after_a_seam(suffix: str, tmp_path: Path) -> None:
    made = drawn(tmp_path, suffix, (10.0, 3.0, 500.0))
    engine = MediaEngine()
    info = await engine.probe(made.path)
    pick = random.Random(3)
    asked = [asked_of(made, pick, number, (1.0, 5.0)) for number in range(8)]
    # One over the first seam, whatever chance gives.
    start = made.times[115] - 1.31
    asked.append((Interval(start, start + 2.7), [n for n, at in enumerate(made.times) if start - 0.02 <= at < start + 2.699]))
    requests = [ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.DELIVERED) for n, (stretch, _) in enumerate(asked)]
    originals = dict.fromkeys(range(len(made.times)))
    came = 0
    async for clip in engine.cut(made.path, requests, info):
        wanted = asked[int(clip.key)][1]
        assert [number_in(luma) for luma in judge.lumas(clip.path)] == wanted
        beeps = [at - clip.start for at in made.beeps if 0.03 < at - clip.start < clip.end - clip.start - 0.06]
        found = judge.beeps(judge.sound(clip.path))
        assert all(any(abs(at - other) <= 0.010 for other in found) for at in beeps), (clip, beeps, found)
        came += 1
    assert came == len(asked)
    assert originals


def remuxed(source: Path, target: Path, after: float, jump: dict[str, float]) -> None:
    """The same packets in one container, those of the kinds in `jump` so many seconds later from `after` on: an encoder that restarts."""
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in (*given.streams.video, *given.streams.audio)}
        begin = float((given.streams.video[0].start_time or 0) * (given.streams.video[0].time_base or 0))
        for packet in (packet for packet in given.demux() if packet.size):
            assert packet.pts is not None
            assert packet.dts is not None
            if float(packet.pts * packet.time_base) >= begin + after - 0.001:
                by = round(jump.get(packet.stream.type, 0.0) / packet.time_base)
                packet.pts, packet.dts = packet.pts + by, packet.dts + by
            packet.stream = copies[packet.stream.index]
            out.mux(packet)


JUMPS = {"sound": {"audio": 3600.0}, "pictures": {"video": 3600.0}, "both": {"audio": 3600.0, "video": 3600.0}}


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_f82_an_encoder_restarts_inside_the_file(jump: dict[str, float], suffix: str, tmp_path: Path) -> None:
    """One clock jumps by an hour in the middle, or both: everything stays where it was."""
    made = draw(tmp_path / f"whole{suffix}", seconds=8, b_frames=0, **SMALL)
    moved = tmp_path / f"moved{suffix}"
    remuxed(made.path, moved, 3.84, jump)
    engine = MediaEngine()
    info = await engine.probe(moved)
    assert info.duration == pytest.approx(8, abs=0.06)
    truth = Drawn(moved, made.times, 8, made.beeps, ())
    assert await heard(engine, truth, info) == pytest.approx(made.beeps, abs=0.030)
    asked = ClipRequest("a", Interval(2.0, 6.0), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(moved, [asked], info)]
    assert [number_in(luma) for luma in judge.lumas(clip.path)] == list(range(50, 150))


async def test_f82_a_flash_video_goes_on_without_a_header(tmp_path: Path) -> None:
    """Tags of a second recording after those of the first, as a server appends them."""
    made = drawn(tmp_path, ".flv", (10.0, 3.0))
    first, second = (tmp_path / f"part{number}.flv" for number in (0, 1))
    made.path.write_bytes(first.read_bytes() + second.read_bytes()[13:])
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.duration == pytest.approx(made.seconds, abs=0.025)
    assert await heard(engine, made, info) == pytest.approx(made.beeps, abs=0.010)
    asked = ClipRequest("a", Interval(3.0, 7.0), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [asked], info)]
    wanted = [n for n, at in enumerate(made.times) if 3.0 - 0.02 <= at < 6.999]
    assert [number_in(luma) for luma in judge.lumas(clip.path)] == wanted


async def test_f82_a_silence_of_minutes_is_no_seam(tmp_path: Path) -> None:
    made = draw(tmp_path / "muted.ts", seconds=40, fps=5, audio_gap=(5.5, 29.5), **SMALL)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert "clock_begins_anew" not in info.warnings
    assert await heard(engine, made, info) == pytest.approx([at for at in made.beeps if not 5.5 < at < 29.5], abs=0.010)


WHOLE: dict[str, dict[str, Any]] = {
    ".mp4": {},
    ".mov": {"audio": "pcm_s16le"},
    ".mkv": {},
    ".avi": {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0},
    ".ogg": {"video": None, "audio": "libopus"},
    ".flac": {"video": None, "audio": "flac"},
    ".wav": {"video": None, "audio": "pcm_s16le"},
}


@pytest.mark.parametrize("clocks", [(1.0, 1.0), (1.0, 300.0), (300.0, 1.0)])
async def test_f82_program_streams(clocks: tuple[float, ...], tmp_path: Path) -> None:
    """As of a DVD's cells or a camera's clips."""
    made = drawn(tmp_path, ".vob", clocks, video="mpeg2video", audio="mp2", b_frames=0)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.duration == pytest.approx(made.seconds, abs=0.05)
    assert await heard(engine, made, info) == pytest.approx(made.beeps, abs=0.010)
    asked = ClipRequest("a", Interval(3.0, 8.0), tmp_path / "a.mp4", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [asked], info)]
    assert [number_in(luma) for luma in judge.lumas(clip.path)] == [n for n, at in enumerate(made.times) if 2.98 <= at < 7.999]


@pytest.mark.parametrize("suffix", WHOLE)
async def test_f82_whole_files_put_together(suffix: str, tmp_path: Path) -> None:
    """As `cat` does it with files of any kind: none of them is dropped."""
    parts = [{"seconds": 4.6 + number, **SMALL, **WHOLE[suffix]} for number in range(3)]
    made = joined(tmp_path / f"joined{suffix}", parts)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    assert info.duration == pytest.approx(made.seconds, abs=0.05)
    assert any("3 pieces" in remark for remark in info.remarks)
    assert await heard(engine, made, info) == pytest.approx(made.beeps, abs=0.010)
    asked = ClipRequest("a", Interval(3.0, 12.0), tmp_path / f"a{'.m4a' if not made.times else '.mp4'}", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [asked], info)]
    if made.times:
        wanted = [n for n, at in enumerate(made.times) if 3.0 - 0.02 <= at < 11.999]
        assert [number_in(luma) for luma in judge.lumas(clip.path)] == wanted
    found = judge.beeps(judge.sound(clip.path))
    beeps = [at - clip.start for at in made.beeps if 0.03 < at - clip.start < clip.end - clip.start - 0.06]
    assert all(any(abs(at - other) <= 0.010 for other in found) for at in beeps), (beeps, found)


async def test_f82_what_follows_and_is_no_such_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    sound = draw(tmp_path / "sound.mkv", seconds=3, video=None)
    made = draw(tmp_path / "both.mkv", seconds=3, **SMALL)
    (tmp_path / "joined.mkv").write_bytes(made.path.read_bytes() + sound.path.read_bytes())
    with pytest.raises(UnsupportedMedia) as caught:
        await MediaEngine().probe(tmp_path / "joined.mkv")
    assert "what follows has other streams" in caught.value.message


PLACES = (("first", 0.5), ("seam", 3.5), ("second", 6.5))


@pytest.mark.parametrize(("suffix", "codec"), [(".aac", "aac"), (".mp3", "libmp3lame")])
async def test_f82_sound_files_put_together(suffix: str, codec: str, tmp_path: Path) -> None:
    made = joined(tmp_path / f"joined{suffix}", [{"seconds": 5.6, "video": None, "audio": codec}] * 2)
    engine = MediaEngine()
    info = await engine.probe(made.path)
    with_gaps = await heard(engine, made, info)
    assert info.duration == pytest.approx(11.2, abs=0.15)
    assert len(with_gaps) == len(made.beeps)
    # A clip from the second file holds what the whole has there.
    asked = ClipRequest("a", Interval(6.5, 9.5), tmp_path / "a.m4a", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(made.path, [asked], info)]
    wanted = [at - clip.start for at in with_gaps if 6.55 < at < 9.4]
    assert judge.beeps(judge.sound(clip.path)) == pytest.approx(wanted, abs=0.010)


@pytest.mark.parametrize(("suffix", "codec"), [(".aac", "aac"), (".mp3", "libmp3lame")])
@pytest.mark.parametrize("changed", [{"rate": 44_100}, {"channels": 2}])
async def test_f82_sound_files_of_two_forms_put_together_are_cut(suffix: str, codec: str, changed: dict[str, int], tmp_path: Path) -> None:
    """A queue of decoded sound refused what had been converted to the first file's form, and the demuxer gave frames of another rate the
    first one's length in time."""
    part: dict[str, Any] = {"seconds": 5.6, "video": None, "audio": codec}
    made = joined(tmp_path / f"joined{suffix}", [part, part | changed])
    engine = MediaEngine()
    info = await engine.probe(made.path)
    with_gaps = await heard(engine, made, info)
    # Encoders begin with silence of up to two frames.
    assert with_gaps == pytest.approx(made.beeps, abs=0.06)
    assert info.duration == pytest.approx(made.seconds, abs=0.15)
    asked = [ClipRequest(name, Interval(start, start + 4.0), tmp_path / f"{name}.m4a", ClipKind.DELIVERED) for name, start in PLACES]
    async for clip in engine.cut(made.path, asked, info):
        wanted = [at - clip.start for at in with_gaps if clip.start + 0.05 < at < clip.end - 0.1]
        assert wanted
        assert judge.beeps(judge.sound(clip.path)) == pytest.approx(wanted, abs=0.010)


def test_f82_a_joined_clock_goes_through_json(tmp_path: Path) -> None:
    from videomoments.media.clock import Clock, Piece

    clock = Clock(pictures=(Piece(((0, 10),), 0.0, 1.0, 0.0), Piece(((0, 3), (10, 20)), 1.0, 2.0, 0.5)))
    assert Clock.from_dict(clock.to_dict()) == clock


@pytest.mark.parametrize(("clocks", "one"), [((10.0,), True), ((10.0, 10.0), False), ((10.0, 3610.0), False), ((3700.0, 100.0), False)])
def test_f82_a_long_stream_is_looked_at_in_places(
    clocks: tuple[float, ...], one: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawn(tmp_path, ".ts", clocks)
    assert not ts_samples.seems_of_one_clock(made.path, lambda: None)  # so small a file is read
    monkeypatch.setattr(ts_samples, "_CHEAP", 0)
    monkeypatch.setattr(ts_samples, "_READ", 188 * 12)
    assert ts_samples.seems_of_one_clock(made.path, lambda: None) is one


@pytest.mark.parametrize("suffix", [".flv", ".ts", *WHOLE])
def test_f82_damaged_and_cut_off_bytes_break_nothing(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks for seams meets any bytes."""
    monkeypatch.setattr(ts_samples, "_CHEAP", 0)
    monkeypatch.setattr(ts_samples, "_READ", 188 * 12)
    made = joined(tmp_path / f"joined{suffix}", [{"seconds": 1.6, **SMALL, **WHOLE.get(suffix, {})}] * 2)
    whole = made.path.read_bytes()
    kind = {".mp4": "mov,mp4", ".mov": "mov,mp4", ".mkv": "matroska,webm"}.get(suffix, suffix[1:])
    pick = random.Random(5)
    for _ in range(100):
        data = bytearray(whole[: pick.randrange(len(whole))] if pick.random() < 0.5 else whole)
        for _ in range(pick.choice([0, 1, 5, 200])):
            if data:
                data[pick.randrange(len(data))] = pick.randrange(256)
        made.path.write_bytes(data)
        read_tags(made.path, lambda: None)
        later_files(made.path, kind, lambda: None)
        if suffix == ".ts":
            ts_samples.seems_of_one_clock(made.path, lambda: None)


def test_f82_flac_files_are_found_in_order_in_one_pass_that_shows_it_goes_on(tmp_path: Path) -> None:
    """A search of gigabytes without a sign of life would be ended as one that hangs."""
    path, far = tmp_path / "joined.flac", 100 * 1024**2
    last, alone, other = b"fLaC\x80\x00\x00\x22", b"fLaC\x00\x00\x00\x22", b"fLaC is a name"
    with path.open("wb") as file:
        for at, begins in ((0, alone), (100, other), (1000, last), (2000, alone), (far // 2 - 3, last), (far, alone), (far + 50, b"fLaC")):
            file.seek(at)
            file.write(begins)
    ticks: list[None] = []
    assert later_files(path, "flac", lambda: ticks.append(None)) == [1000, 2000, far // 2 - 3, far]
    assert 10 < len(ticks) < 100
