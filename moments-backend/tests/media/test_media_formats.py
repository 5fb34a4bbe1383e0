"""The list of formats: the page is the code's and the libraries', and each pair that is taken goes through all that is done with a
recording (F94). In this process, for there are hundreds; the child's limits are tested elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec import Codec

from media.format_files import FPS, MUXERS, buildable, built, right_share
from media.format_unwritten import UNWRITTEN
from media.formats_page import PAGE, page, pairs_in, tried
from media.makers import draw
from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.cutting.cut import cut
from videomoments.media.engine import MediaEngine
from videomoments.media.probing.probe import probe
from videomoments.media.progress import Progress
from videomoments.media.reading.formats import DEMUXERS, pair_refusal, taken_decoder
from videomoments.media.reading.opening import MAX_PIXELS
from videomoments.media.reading.shaping import fitted
from videomoments.media.scenes.shots import exact_shots, fast_shots
from videomoments.media.sound.speech import extract_speech
from videomoments.media.thumbnails import thumbnails
from videomoments.media.types import ClipRequest, MediaInfo, ThumbnailRequest
from videomoments.sources.sniff import HEAD_BYTES, seems_to_be

os.environ.setdefault("SVT_LOG", "0")
_PROGRESS = Progress(lambda _: None)
_WHOLE = (Interval(0.2, 0.8), 5)


def through_all(source: Path, folder: Path) -> tuple[MediaInfo, list[Path]]:
    """Measures, hears, looks for shots, draws a thumbnail and cuts both kinds of clips."""
    info = probe(source, _PROGRESS)
    if info.has_audio:
        extract_speech(source, folder / "a.wav", folder / "a.waveform", info, _PROGRESS)
    if info.has_video:
        exact_shots(source, info, fast_shots(source, info, _PROGRESS), _PROGRESS)
        assert len(list(thumbnails(source, [ThumbnailRequest("t", folder / "t.jpg")], info, _PROGRESS))) == 1
    suffix = ".mp4" if info.has_video else ".m4a"
    asked = [ClipRequest(kind.value, _WHOLE[0], folder / (kind.value + suffix), kind) for kind in (ClipKind.DELIVERED, ClipKind.INPUT)]
    return info, [clip.path for clip in cut(source, asked, info, _PROGRESS)]


def _steady(heard: Path) -> bool:
    """Whether the tone sounds through the second without a hole."""
    with wave.open(str(heard)) as reader:
        sound = np.frombuffer(reader.readframes(reader.getnframes()), np.int16).astype(np.float32)
    levels = np.sqrt((sound[1600:13600].reshape(-1, 400) ** 2).mean(axis=1))
    return bool(levels.min() > 0.7 * levels.max() > 500)


def test_f94_the_page_is_as_the_code_and_the_libraries_have_it() -> None:
    text = PAGE.read_text()
    assert text == page(pairs_in(text)), "python scripts/formats.py --write"


@pytest.mark.parametrize("demuxer", DEMUXERS)
def test_f94_each_taken_pair_goes_through_all(demuxer: str, tmp_path: Path) -> None:
    listed = pairs_in(PAGE.read_text()).get(demuxer, [])
    assert sorted(tried(tmp_path, [demuxer])[demuxer]) == listed, "python scripts/formats.py --write"
    for decoder in listed:
        if (demuxer, decoder) in UNWRITTEN:
            continue
        made = buildable(demuxer, decoder, tmp_path)
        assert made is not None
        source = tmp_path / f"tried{made[1]}"
        assert seems_to_be(source.read_bytes()[:HEAD_BYTES]) is None, "refused at the door"
        info, clips = through_all(source, tmp_path)
        seen = Codec(decoder, "r").type == "video"
        track = info.video if seen else info.audio
        assert track is not None, decoder
        assert (track.codec, track.decodable) == (decoder, True)
        assert info.duration == pytest.approx(1.0, abs=0.35), decoder
        if not seen:
            assert _steady(tmp_path / "a.wav"), f"holes in the sound of {decoder}"
        else:
            assert info.video is not None
            assert info.video.fps == pytest.approx(FPS, rel=0.05), decoder
            with av.open(str(clips[0])) as clip:
                assert right_share(clip.decode(video=0), _WHOLE[1]) > 0.4, decoder


@pytest.mark.parametrize("pair", UNWRITTEN, ids="-".join)
def test_f94_what_nothing_writes_goes_through_all(pair: tuple[str, str], tmp_path: Path) -> None:
    one = UNWRITTEN[pair]
    data = one.build()
    assert hashlib.sha256(data).hexdigest() == one.sha256
    source = tmp_path / f"source{one.suffix}"
    source.write_bytes(data)
    assert seems_to_be(data[:HEAD_BYTES]) is None, "refused at the door"
    info, _ = through_all(source, tmp_path)
    assert info.duration == pytest.approx(1.0, abs=0.05)
    track = info.video or info.audio
    assert track is not None
    assert (track.codec, track.decodable) == (one.decoder, True)


def test_f94_both_tracks_of_a_file_are_taken(tmp_path: Path) -> None:
    """What old cameras, recorders and broadcasters wrote."""
    for muxer, suffix, video, audio in (
        ("avi", ".avi", "mjpeg", "adpcm_ima_wav"),
        ("avi", ".avi", "dvvideo", "pcm_s16le"),
        ("avi", ".avi", "h264", "mp3float"),
        ("asf", ".wmv", "wmv2", "wmav2"),
        ("vob", ".mpg", "mpeg2video", "ac3"),
        ("mpeg", ".mpg", "mpeg1video", "mp2"),
        ("mpegts", ".ts", "h264", "aac_latm"),
        ("3gp", ".3gp", "h263", "amrnb"),
        ("mov", ".mov", "h263", "pcm_mulaw"),
        ("mxf", ".mxf", "mpeg2video", "pcm_s16le"),
        ("flv", ".flv", "flv", "nellymoser"),
    ):
        source = tmp_path / f"source{suffix}"
        built(source, muxer, video, audio)
        info, clips = through_all(source, tmp_path)
        assert (info.has_video, info.has_audio) == (True, True), (muxer, video, audio)
        assert info.remarks == ()
        with av.open(str(clips[0])) as clip:
            assert len(clip.streams.audio) == 1
            assert right_share(clip.decode(video=0), _WHOLE[1]) > 0.4, (muxer, video, audio)


def test_f94_a_track_that_is_refused_is_named_and_the_other_goes_on(tmp_path: Path) -> None:
    built(tmp_path / "dvr.mpg", "vob", "h264", "mp2")
    info = probe(tmp_path / "dvr.mpg", _PROGRESS)
    assert (info.has_video, info.has_audio) == (False, True)
    [said] = info.remarks
    assert said.startswith("its pictures can't be used: h264 in mpeg tells the time of some")
    built(tmp_path / "dvr.mpg", "vob", "h264", None)
    with pytest.raises(UnsupportedMedia) as caught:
        probe(tmp_path / "dvr.mpg", _PROGRESS)
    assert caught.value.code == "unsupported_codec"
    assert "put it into MP4" in caught.value.message


def test_f94_each_refused_pair_is_of_taken_ones() -> None:
    assert set(MUXERS) <= set(DEMUXERS)
    for demuxer in DEMUXERS:
        for decoder in ("h264", "hevc", "mpeg1video", "mpeg2video"):
            assert pair_refusal(demuxer, decoder) is None or taken_decoder(decoder)


def test_f94_a_strip_and_wide_pixels_make_no_picture_that_nothing_holds(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        probe(draw(tmp_path / "strip.mkv", size=(20_000, 32), video="mjpeg", seconds=0.2, audio=None).path, _PROGRESS)
    assert caught.value.code == "too_many_pixels"
    made = draw(tmp_path / "wide.mkv", size=(5120, 2880), fps=5, seconds=0.4, aspect=Fraction(6), b_frames=0, audio=None)
    info = probe(made.path, _PROGRESS)
    assert info.video is not None
    width, height = fitted(info.video)
    assert width * height <= MAX_PIXELS
    assert width / height == pytest.approx(5120 * 6 / 2880, rel=0.01)


@pytest.mark.parametrize(("size", "taken"), [((5120, 2880), True), ((7680, 4320), False), ((8192, 8192), False)])
async def test_f94_five_thousand_pixels_are_taken_and_eight_are_not(size: tuple[int, int], taken: bool, tmp_path: Path) -> None:
    """In the child, with its limits."""
    made = draw(tmp_path / "screen.mp4", seconds=0.6, fps=5, size=size, b_frames=0, gop=5)
    engine = MediaEngine()
    if not taken:
        with pytest.raises(UnsupportedMedia) as caught:
            await engine.probe(made.path)
        assert caught.value.code == "too_many_pixels"
        return
    info = await engine.probe(made.path)
    await engine.thumbnails(made.path, [ThumbnailRequest("t", tmp_path / "t.jpg")], info)
    for way in ("exact", "encode"):
        asked = ClipRequest("c", Interval(0.2, 0.6), tmp_path / f"{way}.mp4", ClipKind.DELIVERED, way=way)
        assert [clip.frames async for clip in engine.cut(made.path, [asked], info)] == [2]
