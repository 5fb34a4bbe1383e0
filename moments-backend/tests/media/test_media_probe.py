"""The probe measures; what can never work is refused with a stable code."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from media.makers import draw
from videomoments.core.errors import NotFound, UnsupportedMedia
from videomoments.media.engine import MediaEngine
from videomoments.media.probing import measure
from videomoments.media.probing.probe import probe
from videomoments.media.types import MediaInfo


async def refused(path: Path) -> str:
    with pytest.raises(UnsupportedMedia) as caught:
        await MediaEngine().probe(path)
    assert "\n" not in caught.value.message
    assert str(path.parent) not in str(caught.value)
    assert not caught.value.retryable
    return caught.value.code


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {}),
        (".mp4", {"muxing": {"movflags": "frag_keyframe+empty_moov"}, "b_frames": 0}),
        (".mkv", {}),
        (".webm", {"video": "libvpx-vp9", "audio": "libopus"}),
        (".ts", {}),
        (".avi", {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0}),
        (".mov", {"start": 10.0}),
        (".mp4", {"channels": 6}),
    ],
)
async def test_what_every_container_holds(suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    made = draw(tmp_path / f"source{suffix}", fps=Fraction(25), seconds=5, **options)
    info = await MediaEngine().probe(made.path)
    assert info.video is not None
    assert info.audio is not None
    assert info.duration == pytest.approx(5.0, abs=0.05)
    assert info.video.fps == pytest.approx(25, rel=0.02)
    assert not info.video.vfr
    assert (info.video.width, info.video.height) == (320, 192)
    assert info.audio.start == pytest.approx(0, abs=0.03)
    assert info.has_audio
    assert info.has_video
    assert info.video.keyframes is not None
    assert info.video.keyframes[0] == pytest.approx(0, abs=0.001)
    assert set(info.warnings) <= {"several_audio_streams"}
    assert MediaInfo.from_dict(info.to_dict()) == info
    if "start" in options:
        assert info.start_pts == pytest.approx(10.0, abs=0.001)


@pytest.mark.parametrize(("gop", "at"), [(50, 1.5), (500, 18.0)])
async def test_a_stretch_that_was_cut_by_copying_is_no_damage(gop: int, at: float, tmp_path: Path) -> None:
    """What everybody makes with `ffmpeg -ss … -c copy`: an edit list hides all from the keyframe before to the asked start."""
    made = draw(tmp_path / "whole.mp4", fps=Fraction(25), seconds=24, gop=gop)
    cut = tmp_path / "cut.mp4"
    argv = [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-ss", str(at), "-i", str(made.path), "-t", "4", "-c", "copy", str(cut)]
    subprocess.run(argv, check=True)
    info = await MediaEngine().probe(cut)
    assert info.has_video
    assert info.has_audio
    assert info.video is not None
    assert info.duration == pytest.approx(4.0, abs=0.15)
    assert info.video.fps == pytest.approx(25, rel=0.03)  # hidden pictures are not counted
    for keyframe in info.video.keyframes or ():  # where the source has them
        groups = (keyframe + at) / (gop / 25)
        assert groups == pytest.approx(round(groups), abs=0.03)


@pytest.mark.parametrize("timecode", ["01:00:00;00", "10:20:30:11", None])
async def test_a_cameras_timecode_is_kept(timecode: str | None, tmp_path: Path) -> None:
    made = draw(tmp_path / "plain.mp4", fps=Fraction(30000, 1001), seconds=2)
    stamped = tmp_path / "stamped.mov"
    said = ["-timecode", timecode] if timecode else []
    subprocess.run([get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(made.path), "-c", "copy", *said, str(stamped)], check=True)
    assert (await MediaEngine().probe(stamped)).start_timecode == timecode


async def test_sound_is_placed_against_the_first_picture(tmp_path: Path) -> None:
    late = await MediaEngine().probe(draw(tmp_path / "late.mp4", audio_delay=1.5, start=10).path)
    assert late.audio is not None
    assert late.audio.start == pytest.approx(1.5, abs=0.025)
    early = await MediaEngine().probe(draw(tmp_path / "early.mkv", audio_delay=-0.5, start=1).path)
    assert early.audio is not None
    assert early.video is not None
    assert (early.audio.start, early.video.start) == pytest.approx((0.0, 0.5), abs=0.025)


async def test_variable_rate_is_seen(tmp_path: Path) -> None:
    times = [*[n / 25 for n in range(50)], *[2 + n / 5 for n in range(20)]]
    info = await MediaEngine().probe(draw(tmp_path / "a.mp4", times=times, seconds=6, audio=None).path)
    assert info.video is not None
    assert info.video.vfr
    assert "variable_frame_rate" in info.warnings
    assert info.audio is None


async def test_f64_a_fifo_is_not_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.mp4"
    os.mkfifo(fifo)
    assert await refused(fifo) == "not_media"


async def test_f64_garbage_in_the_middle_is_said(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=4)
    data = bytearray(made.path.read_bytes())
    for at in range(len(data) // 4, len(data) * 3 // 4, 97):
        data[at] ^= 0xFF
    made.path.write_bytes(data)
    info = await MediaEngine().probe(made.path)
    assert info.duration == pytest.approx(4, abs=0.2)
    assert "damaged" in info.warnings or "video_undecodable" in info.warnings


async def test_what_is_no_media_is_refused(tmp_path: Path) -> None:
    def file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    assert await refused(file("empty.mp4", b"")) == "empty_file"
    assert await refused(file("page.mp4", b"<html><body>404 Not Found</body></html>")) == "not_media"
    assert await refused(file("noise.mp4", bytes(range(256)) * 400)) == "not_media"
    assert await refused(tmp_path) == "not_media"
    with pytest.raises(NotFound):
        await MediaEngine().probe(tmp_path / "gone.mp4")


async def test_f65_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    whole = draw(tmp_path / "whole.mp4", seconds=6).path.read_bytes()
    (tmp_path / "no index.mp4").write_bytes(whole[: len(whole) // 2])
    assert await refused(tmp_path / "no index.mp4") == "truncated"
    front = draw(tmp_path / "front.mp4", seconds=6, muxing={"movflags": "faststart"}).path.read_bytes()
    (tmp_path / "half.mp4").write_bytes(front[: len(front) // 2])
    assert await refused(tmp_path / "half.mp4") == "truncated"
    mkv = draw(tmp_path / "whole.mkv", seconds=6).path.read_bytes()
    (tmp_path / "half.mkv").write_bytes(mkv[: len(mkv) // 2])
    assert await refused(tmp_path / "half.mkv") == "truncated"


async def test_f65_a_lost_tail_is_measured_and_said(tmp_path: Path) -> None:
    data = draw(tmp_path / "a.mp4", seconds=6, muxing={"movflags": "faststart"}).path.read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 96 // 100])
    info = await MediaEngine().probe(tmp_path / "b.mp4")
    assert "truncated_tail" in info.warnings
    assert 5.4 < info.duration < 6.0


async def test_f65_headers_are_not_believed(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.mkv", seconds=4, audio=None).path
    data = bytearray(path.read_bytes())
    # Matroska's Duration element: ID 0x4489, size 8, a double in milliseconds.
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = struct.pack(">d", 143_165_600.0)
    path.write_bytes(data)
    info = await MediaEngine().probe(path)
    assert info.duration == pytest.approx(4.0, abs=0.05)
    assert "shorter_than_header" in info.warnings


@pytest.mark.parametrize("scale", [0, 1, 2**32 - 1])
async def test_f65_a_broken_time_scale_is_refused(scale: int, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.mp4", seconds=4).path
    data = bytearray(path.read_bytes())
    at = data.index(b"mdhd") + 16
    data[at : at + 4] = scale.to_bytes(4)
    path.write_bytes(data)
    assert await refused(path) == "not_media"


async def test_pixels_and_length_have_bounds(tmp_path: Path) -> None:
    large = draw(tmp_path / "large.mkv", size=(5248, 3200), video="mjpeg", seconds=0.08, audio=None)
    assert await refused(large.path) == "too_many_pixels"
    short = draw(tmp_path / "short.mp4", seconds=0.04, audio=None)
    assert await refused(short.path) == "too_short"


async def test_an_unknown_sound_leaves_the_pictures(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.mp4", seconds=2).path
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"xyzw").replace(b"esds", b"xsds"))
    info = await MediaEngine().probe(path)
    assert info.has_video
    assert info.audio is not None
    assert not info.audio.decodable
    assert info.audio.reason
    assert "audio_undecodable" in info.warnings


async def test_f68_sound_alone(tmp_path: Path) -> None:
    info = await MediaEngine().probe(draw(tmp_path / "a.m4a", video=None, seconds=4).path)
    assert info.video is None
    assert info.has_audio
    assert info.duration == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".mpd", ".sdp", ".concat"])
async def test_a_playlist_in_disguise_opens_nothing(suffix: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        secret = draw(tmp_path / "secret.ts", seconds=1).path
        texts = [
            f"#EXTM3U\n#EXTINF:1,\n{host}/a.ts\n",
            f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile '{secret}'\n",
            f'<?xml version="1.0"?><MPD><BaseURL>{host}/</BaseURL></MPD>',
        ]
        hits: list[object] = []

        def listen() -> None:
            try:
                hits.append(listener.accept())
            except OSError:
                return

        for text in texts:
            path = tmp_path / f"list{suffix}"
            path.write_text(text)
            thread = threading.Thread(target=listen)
            thread.start()
            assert await refused(path) == "not_media"
            thread.join()
        assert not hits


@pytest.mark.parametrize(
    "name", ["-i.mp4", "http:%3A.mp4", "a%03d.mp4", "pipe:0.mp4", "concat:a|b.mp4", "naïve 日本\udcff.mp4", "a'b\"c$(d).mp4"]
)
async def test_names_are_only_names(name: str, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.mp4", seconds=1).path.rename(tmp_path / name)
    assert (await MediaEngine().probe(path)).has_video


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".ts", {"start": 3.0}),
        (".mp4", {"muxing": {"movflags": "frag_keyframe+empty_moov"}, "b_frames": 0}),
        (".mkv", {"audio_delay": 0.5}),
    ],
)
def test_f65_a_long_recording_is_measured_at_places_as_if_it_were_read(
    suffix: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draw(tmp_path / f"a{suffix}", seconds=24, size=(96, 64), gop=25, **options)
    whole = probe(made.path, lambda: None)
    monkeypatch.setattr(measure, "_LONG", 10.0)
    monkeypatch.setattr(measure, "_by_reading", lambda *_: pytest.fail("read as a whole"))
    places = probe(made.path, lambda: None)
    assert places.duration == pytest.approx(whole.duration, abs=0.001)
    assert places.start_pts == whole.start_pts
    assert places.audio == whole.audio
    assert places.video is not None
    assert places.video.fps == pytest.approx(25, rel=0.01)
    assert not places.video.vfr


def test_f65_a_long_recording_whose_clock_was_set_anew_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later, earlier = (draw(tmp_path / f"{start}.ts", seconds=20, size=(96, 64), start=start).path.read_bytes() for start in (900.0, 1.0))
    (tmp_path / "joined.ts").write_bytes(later + earlier)
    monkeypatch.setattr(measure, "_LONG", 10.0)
    monkeypatch.setattr(measure, "_FAR", 5.0)
    read = []
    reading = measure._by_reading
    monkeypatch.setattr(measure, "_by_reading", lambda *given: read.append(1) or reading(*given))
    probe(tmp_path / "joined.ts", lambda: None)
    assert read


@pytest.mark.parametrize(
    ("pictures", "sound", "resting", "told"),
    [
        (0.0, 3600.0, False, "its sound begins 3598 s after its last picture"),
        (3600.0, 0.0, False, "its sound ends 3598 s before its first picture"),
        # The first picture rests for an hour, until there is sound.
        (3600.0, 3600.0, True, "with a picture every"),
    ],
)
async def test_f65_a_broken_clock_is_refused(pictures: float, sound: float, resting: bool, told: str, tmp_path: Path) -> None:
    made = draw(tmp_path / "made.mkv", seconds=2, b_frames=0)
    moved = tmp_path / "moved.mkv"
    with av.open(str(made.path)) as given, av.open(str(moved), "w") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in (*given.streams.video, *given.streams.audio)}
        first = True
        for packet in (packet for packet in given.demux() if packet.size):
            if packet.stream.type == "video":
                later, first = 0.0 if first and resting else pictures, False
            else:
                later = sound
            shift = round(later / packet.time_base)
            packet.pts, packet.dts, packet.stream = (packet.pts or 0) + shift, (packet.dts or 0) + shift, copies[packet.stream.index]
            out.mux(packet)
    with pytest.raises(UnsupportedMedia) as caught:
        await MediaEngine().probe(moved)
    assert "clock is broken" in caught.value.message
    assert told in caught.value.message
    assert not caught.value.retryable
