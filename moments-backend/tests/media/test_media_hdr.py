"""High dynamic range is told by the probe and made BT.709 where pictures are encoded; the clip's record says so."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from media.makers import draw
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, HdrKind, ThumbnailRequest

_PATCHES = 6
_PATCH, _HEIGHT = 64, 64
# P3 primaries, graded to 1000 candela per square metre (SMPTE ST 2086).
_MASTERED = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
_TRANSFERS: dict[HdrKind, ColorTrc] = {"pq": ColorTrc.SMPTE2084, "hlg": ColorTrc.ARIB_STD_B67}
# Rec. BT.2020 mixtures of a BT.709 red (ITU-R BT.2087).
_RED = np.array([0.6274, 0.0691, 0.0164])


def _pq(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084: signal (0 to 1) of so many candela per square metre."""
    power = (nits / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _graded(target: Path, kind: HdrKind, signals: npt.NDArray[np.float64]) -> Path:
    """Half a second of flat patches side by side, from RGB signals (patches x 3) in BT.2020, 10 bit."""
    luma = signals @ [0.2627, 0.6780, 0.0593]
    blue, red = (signals[:, 2] - luma) / 1.8814, (signals[:, 0] - luma) / 1.4746
    planes = [np.round(64 + 876 * luma), np.round(512 + 896 * blue), np.round(512 + 896 * red)]
    shapes = [(_HEIGHT, _PATCH), (_HEIGHT // 2, _PATCH // 2), (_HEIGHT // 2, _PATCH // 2)]
    drawn = [np.repeat(plane[None], rows, axis=0).repeat(columns, axis=1) for plane, (rows, columns) in zip(planes, shapes, strict=True)]
    width = _PATCH * len(signals)
    packed = np.concatenate([plane.reshape(-1, width) for plane in drawn]).astype(np.uint16)
    with av.open(str(target), "w") as out:
        parameters = f"log-level=none:{_MASTERED}" if kind == "pq" else "log-level=none"
        stream = out.add_stream("libx265", rate=25, options={"preset": "ultrafast", "crf": "8", "x265-params": parameters})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, _HEIGHT, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries = _TRANSFERS[kind], ColorPrimaries.BT2020
        context.colorspace, context.color_range = Colorspace.BT2020, ColorRange.MPEG
        for number in range(13):
            frame = av.VideoFrame.from_ndarray(packed, format="yuv420p10le")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target


def _shown(path: Path) -> npt.NDArray[np.uint8]:
    """The first picture's patches as 8-bit RGB, read as the file says (patches x 3)."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        if path.suffix == ".mp4":
            assert frame.format.name == "yuv420p"
            assert (frame.color_trc, frame.color_primaries) == (ColorTrc.BT709, ColorPrimaries.BT709)
            assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        picture = frame.to_ndarray(format="rgb24")
    middle = picture.shape[0] // 2
    places = ((np.arange(_PATCHES) + 0.5) * picture.shape[1] / _PATCHES).astype(int)
    return picture[middle, places]


@pytest.mark.parametrize("kind", _TRANSFERS)
async def test_hdr_is_tone_mapped_where_pictures_are_encoded(kind: HdrKind, tmp_path: Path) -> None:
    grey = np.array([0.0, 10.0, 100.0, 400.0, 1000.0])
    if kind == "pq":
        signals = np.concatenate([_pq(grey)[:, None].repeat(3, axis=1), _pq(150 * _RED)[None]])
    else:
        # Of the signal: 0.75 is white paper, 1 the brightest highlight (ITU-R BT.2408).
        signals = np.concatenate([np.array([0, 0.25, 0.5, 0.75, 1.0])[:, None].repeat(3, axis=1), np.sqrt(3 * 0.07 * _RED)[None]])
    source = _graded(tmp_path / "source.mp4", kind, signals)
    engine = MediaEngine()
    info = await engine.probe(source)
    assert info.video is not None
    assert info.video.hdr == kind
    requests = [ClipRequest(str(each), Interval(0.1, 0.4), tmp_path / f"{each}.mp4", each) for each in ClipKind]
    shown = []
    async for clip in engine.cut(source, requests, info):
        assert f"HDR ({kind.upper()}) tone-mapped to BT.709" in clip.reason
        shown.append(_shown(clip.path))
    if kind == "pq":
        (still,) = await engine.thumbnails(source, [ThumbnailRequest("a", tmp_path / "a.jpg", 0.2)], info)
        shown.append(_shown(still.path))
    for patches in shown:
        light = patches[:5].mean(axis=1)
        assert light[0] < 8
        # Highlights are told apart, and the brightest is nearly white: as they stand they would be grey.
        assert (np.diff(light) > 12).all(), light
        assert light[4] > 235
        assert np.ptp(patches[:5], axis=1).max() < 12
        red, green, blue = patches[5].astype(int)
        assert red > 2.5 * max(green, blue), patches[5]


async def test_the_usual_range_is_left_as_it_is(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4", seconds=1, audio=None)
    info = await MediaEngine().probe(made.path)
    assert info.video is not None
    assert info.video.hdr is None
    asked = ClipRequest("a", Interval(0, 0.5), tmp_path / "a.mp4", ClipKind.DELIVERED, way="encode")
    (clip,) = [clip async for clip in MediaEngine().cut(made.path, [asked], info)]
    assert "HDR" not in clip.reason
