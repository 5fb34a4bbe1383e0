"""Input clips as the servers of video models read them, with OpenCV and decord: each picture that the header counts is there and right."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.makers import draw, number_in
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest

SOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "copied": (".mp4", {"b_frames": 3, "options": {"preset": "veryfast", "x264-params": "scenecut=0:b-adapt=0:b-pyramid=normal"}}),
    "copied, Matroska": (".mkv", {"b_frames": 2, "fps": Fraction(30000, 1001), "options": {"preset": "veryfast", "sc_threshold": "0"}}),
    "copied, starts at 10 s": (".mp4", {"start": 10.0, "b_frames": 2, "options": {"preset": "veryfast", "sc_threshold": "0"}}),
    "proxy of VP9": (".webm", {"video": "libvpx-vp9", "audio": "libopus"}),
    "proxy of a variable rate": (".mp4", {"times": [*(n / 25 for n in range(60)), 2.9, 3.4, *(4 + n / 50 for n in range(200))]}),
}


def _opencv(path: Path) -> tuple[int, list[int]]:
    cv2 = importlib.import_module("cv2")
    reader = cv2.VideoCapture(str(path))
    counted = round(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    found = []
    for place in range(counted):
        # By number, as a server samples.
        reader.set(cv2.CAP_PROP_POS_FRAMES, place)
        there, picture = reader.read()
        assert there, f"picture {place} of {counted} does not decode"
        found.append(number_in(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)))
    return counted, found


def _decord(path: Path) -> tuple[int, list[int]]:
    decord = importlib.import_module("decord")
    reader = decord.VideoReader(str(path), num_threads=1)
    pictures = reader.get_batch(range(len(reader))).asnumpy()
    return len(reader), [number_in(np.asarray(picture.mean(axis=2), np.uint8)) for picture in pictures]


@pytest.mark.parametrize("reader", [_opencv, _decord])
@pytest.mark.parametrize("name", SOURCES)
async def test_input_clips_in_the_readers_of_model_servers(name: str, reader: Any, tmp_path: Path) -> None:
    pytest.importorskip({_opencv: "cv2", _decord: "decord"}[reader], reason="not installed here", exc_type=ImportError)
    suffix, options = SOURCES[name]
    made = draw(tmp_path / f"source{suffix}", seconds=8, **{"gop": 25, **options})
    info = await MediaEngine().probe(made.path)
    requests = [
        ClipRequest(str(n), stretch, tmp_path / f"{n}.mp4", ClipKind.INPUT, 0.3, 0.3)
        for n, stretch in enumerate((Interval(0.4, 3.0), Interval(3.57, 6.0), Interval(5.01, 7.9)))
    ]
    async for clip in MediaEngine().cut(made.path, requests, info):
        assert clip.mode == ("copy" if "copied" in name else "proxy"), clip.reason
        counted, found = reader(clip.path)
        assert counted == len(found) == clip.frames
        # The recorded start is the first picture's, to the frame; a proxy shows at each of its times what the source shows then.
        rate = clip.frames / (clip.end - clip.start)
        for place, number in enumerate(found):
            at = clip.start + place / rate
            after = made.times[number + 1] if number + 1 < len(made.times) else made.seconds
            # A proxy shows a picture within a tenth of a second: it leaves out those that nothing refers to.
            reach = 0.002 if clip.mode == "copy" else 0.1
            assert made.times[number] - reach <= at < after + reach, (place, number)
        if clip.mode == "copy":
            assert made.times[found[0]] == pytest.approx(clip.start, abs=0.002)
            assert found == list(range(found[0], found[0] + clip.frames))
