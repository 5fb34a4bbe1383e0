"""Stills show the asked moment, upright, and not the black that many recordings begin with."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from media.makers import draw, number_in
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ThumbnailRequest


def luma(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray")


async def test_asked_times(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=6, size=(800, 450), gop=50)
    info = await MediaEngine().probe(made.path)
    exact = [ThumbnailRequest(str(at), tmp_path / f"{at}.jpg", at, tolerance=0) for at in (0.0, 1.0, 2.52, 5.96, 99.0)]
    for still, number in zip(await MediaEngine().thumbnails(made.path, exact, info), (0, 25, 63, 149, 149), strict=True):
        assert number_in(luma(still.path)) == number
        assert still.time == pytest.approx(number / 25, abs=0.001)
        assert (still.width, still.height) == (640, 360)
        assert still.path.read_bytes()[:3] == b"\xff\xd8\xff"
    (near,) = await MediaEngine().thumbnails(made.path, [ThumbnailRequest("near", tmp_path / "near.jpg", 2.6)], info)
    assert near.time == pytest.approx(min(info.video.keyframes or (), key=lambda at: abs(at - 2.6)) if info.video else None, abs=0.001)


async def test_a_free_choice_is_not_black(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=4, gop=10)
    info = await MediaEngine().probe(made.path)
    (still,) = await MediaEngine().thumbnails(made.path, [ThumbnailRequest("a", tmp_path / "a.jpg")], info)
    assert luma(still.path).mean() > 40


async def test_f68_no_pictures_no_stills(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.m4a", video=None, seconds=2)
    info = await MediaEngine().probe(made.path)
    assert await MediaEngine().thumbnails(made.path, [ThumbnailRequest("a", tmp_path / "a.jpg")], info) == []


async def test_a_turned_picture_is_upright(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=1, rotation=90, size=(192, 320), audio=None)
    info = await MediaEngine().probe(made.path)
    (still,) = await MediaEngine().thumbnails(made.path, [ThumbnailRequest("a", tmp_path / "a.jpg", 0.0)], info)
    assert (still.width, still.height) == (320, 192)
