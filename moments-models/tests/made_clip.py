"""A clip drawn and played by the test itself: pictures with hard cuts, bursts of noise as words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

RATE = 48_000
FPS = 25


def make_clip(
    path: Path,
    *,
    seconds: float,
    words: Sequence[tuple[float, float]],
    cuts: Sequence[float] = (),
    noise: float = 0.0008,
    gop: int = 50,
    offset: float = 0.0,
) -> Path:
    """H.264 and AAC in MP4: a new picture at each cut, noise like a voice during each word, faint noise elsewhere.

    `offset` shifts all timestamps, so that the first frame is not at zero.
    """
    rng = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(gop), "sc_threshold": "0"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        _draw(container, video, seconds, cuts, offset, rng)
        _speak(container, audio, seconds, words, noise, offset, rng)
    return path


def _draw(container, video, seconds, cuts, offset, rng) -> None:  # type: ignore[no-untyped-def]
    scenes = [rng.integers(0, 255, (90, 160, 3)).astype(np.uint8) // 2 + np.uint8(40 * (index % 4)) for index in range(len(cuts) + 1)]
    for number in range(int(seconds * FPS)):
        scene = sum(number / FPS >= cut - 1e-6 for cut in cuts)
        picture = scenes[scene].copy()
        picture[10:20, number % 150 : number % 150 + 10] = 255  # something moves in every scene
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number + round(offset * FPS)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))


def _speak(container, audio, seconds, words, noise, offset, rng) -> None:  # type: ignore[no-untyped-def]
    sound = rng.normal(0, noise, int(seconds * RATE))
    for start, end in words:
        first, last = int(start * RATE), int(end * RATE)
        sound[first:last] += rng.normal(0, 0.15, last - first)
    for at in range(0, len(sound), 1024):
        frame = av.AudioFrame.from_ndarray(sound[at : at + 1024].astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        frame.pts = at + round(offset * RATE)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))
