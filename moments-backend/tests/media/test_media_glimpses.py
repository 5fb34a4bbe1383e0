"""The upper part of a keyframe is what a whole decode shows there, to the last row that is claimed."""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.packet import Packet

from media.makers import draw
from videomoments.media.engine import MediaEngine
from videomoments.media.reading.h264 import first_part
from videomoments.media.reading.pictures import Pictures
from videomoments.media.scenes.colour_grid import samples
from videomoments.media.scenes.glimpses import Glimpses, can_glimpse

_CABAC = {"coder": "ac"}
_GRAINY = {"seconds": 4, "gop": 10, "scene_seconds": 0.7, "grain": 80, "audio": None}


async def _opened(path: Path) -> Pictures:
    pictures = Pictures(path, await MediaEngine().probe(path))
    pictures.stream.codec_context.options = {"skip_loop_filter": "all"}
    return pictures


def _luma(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    return samples(frame.planes[0]).copy()


@pytest.mark.parametrize(
    ("suffix", "options", "off_by"),
    [
        (".mp4", {"x264-params": "slices=1"} | _CABAC, 0.0),
        (".mp4", {"x264-params": "interlaced=1"} | _CABAC, 0.0),
        (".ts", {"x264-params": "slices=1:open-gop=1", "bf": "2"} | _CABAC, 0.0),
        (".mkv", {"x264-params": "slices=3"} | _CABAC, 0.0),
        (".mp4", {"x264-params": "slices=7"}, 0.7),
    ],
)
async def test_the_upper_rows_are_those_of_the_whole_picture(suffix: str, options: dict[str, str], off_by: float, tmp_path: Path) -> None:
    made = draw(tmp_path / f"a{suffix}", options=options, **_GRAINY)  # type: ignore[arg-type]
    pictures = await _opened(made.path)
    glimpses = Glimpses(pictures.stream.codec_context)
    claimed: list[int] = []
    for packet in [packet for packet in pictures.packets_from(0.0) if packet.is_keyframe]:
        shown = pictures.alone(packet)
        assert shown is not None
        whole = _luma(shown[1])
        with glimpses.upper(packet) as upper:
            assert upper is not None
            frame, rows = upper
            assert np.abs(_luma(frame)[:rows].astype(int) - whole[:rows]).mean() <= off_by
            claimed.append(rows)
    assert len(claimed) >= 10
    # The texture begins a quarter down, below little more than nothing.
    assert all(48 <= rows < 192 for rows in claimed)


async def test_what_an_earlier_picture_left_below_is_not_claimed(tmp_path: Path) -> None:
    pictures = await _opened(draw(tmp_path / "a.mp4", options=_CABAC, **_GRAINY).path)  # type: ignore[arg-type]
    first, *_, last = [packet for packet in pictures.packets_from(0.0) if packet.is_keyframe]
    # So much is stuffed behind it that its first part is all of it.
    stuffed = Packet(bytes(first) + bytes(4 * first.size))
    glimpses = Glimpses(pictures.stream.codec_context)
    claimed: list[int] = []
    # A decoder uses two pictures' memory in turn.
    for packet in (last, stuffed, last, last):
        with glimpses.upper(packet) as upper:
            assert upper is not None
            claimed.append(upper[1])
            assert packet is not stuffed or np.unique(_luma(upper[0])[-16:]).size > 10
    assert claimed[2:] == claimed[:1] * 2


async def test_damage_and_other_pictures_are_not_glimpsed(tmp_path: Path) -> None:
    pictures = await _opened(draw(tmp_path / "a.mp4", **_GRAINY).path)  # type: ignore[arg-type]
    glimpses = Glimpses(pictures.stream.codec_context)
    good = next(pictures.packets_from(0.0))
    for damaged in (bytes(good.size), b"\xff" * good.size, b"\x00"):
        with glimpses.upper(Packet(damaged)) as upper:
            assert upper is None
        with glimpses.upper(good) as upper:
            assert upper is not None
            assert upper[1] >= 48
    full_colour = await _opened(draw(tmp_path / "b.mp4", pixels="yuv444p", **_GRAINY).path)  # type: ignore[arg-type]
    with Glimpses(full_colour.stream.codec_context).upper(next(full_colour.packets_from(0.0))) as upper:
        assert upper is None
    small = await _opened(draw(tmp_path / "c.mp4", size=(160, 96), **_GRAINY).path)  # type: ignore[arg-type]
    other = await _opened(draw(tmp_path / "d.mkv", video="libvpx-vp9", **_GRAINY).path)  # type: ignore[arg-type]
    assert [can_glimpse(each.stream.codec_context) for each in (pictures, full_colour, small, other)] == [True, False, False, False]


def test_the_first_part_of_any_bytes_is_whole_units_and_no_longer_than_asked() -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    pick = random.Random(seed)
    for _ in range(500):
        prefix = pick.choice([1, 2, 4])
        units = [pick.randbytes(pick.choice([0, 1, 5, 60, 200])) for _ in range(pick.randrange(1, 6))]
        data = b"".join(min(len(unit), 255).to_bytes(prefix) + unit for unit in units) + pick.randbytes(pick.choice([0, 0, 3]))
        part = first_part(data, len(data) // 5, prefix)
        assert len(part) <= len(data) // 5
        at = 0
        while at < len(part):
            at += prefix + int.from_bytes(part[at : at + prefix])
        assert at == len(part)
        assert first_part(data, len(data) // 5, 0) == data[: len(data) // 5]
