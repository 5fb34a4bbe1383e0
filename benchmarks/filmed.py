"""Draws a 1080p recording: scenes of moving texture with grain, and an object that crosses them.

It is H.264 with the keyframes that x264 chooses by itself, and stereo AAC.
"""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

WIDTH, HEIGHT, FPS = 1920, 1080, 30
_RATE = 48_000
Luma = npt.NDArray[np.uint8]


def film(target: Path, seconds: int, *, crf: int = 20, scenes_of: tuple[int, int] = (3, 12)) -> None:
    """Draws `seconds` of it at x264's quality `crf`; each takes about a processor second. `scenes_of` is the range of scene lengths in
    seconds."""
    with av.open(str(target), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": str(crf)})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = out.add_stream("aac", rate=_RATE)
        assert isinstance(sound, AudioStream)
        sound.codec_context.layout = "stereo"
        noise = np.random.default_rng(1)
        scenes = _Scenes(scenes_of)
        heard = 0
        for number in range(seconds * FPS):
            out.mux(video.encode(scenes.picture(number)))
            while heard * FPS < (number + 1) * _RATE:
                out.mux(sound.encode(_block(heard, noise)))
                heard += 1024
        out.mux(video.encode(None))
        out.mux(sound.encode(None))


def prolong(source: Path, target: Path, seconds: int) -> None:
    """Repeats the same packets until there are `seconds` of them."""
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        packets = [packet for packet in given.demux() if packet.size]
        copies = {
            stream.index: out.add_stream_from_template(stream) for stream in given.streams if isinstance(stream, VideoStream | AudioStream)
        }
        length = Fraction(sum(packet.stream.type == "video" for packet in packets), FPS)
        for turn in range(-(-seconds // int(length))):
            for packet in packets:
                shift = round(turn * length / packet.time_base)
                if (packet.pts or 0) < 0 and turn:
                    continue
                copy = Packet(bytes(packet))
                copy.pts, copy.dts = (
                    (packet.pts or 0) + shift,
                    (packet.dts or 0) + shift,
                )
                copy.duration, copy.time_base = packet.duration, packet.time_base
                copy.is_keyframe = packet.is_keyframe
                copy.stream = copies[packet.stream_index]
                out.mux(copy)


class _Scenes:
    """Draws frames in order: a new texture every few seconds, drifting at its own speed."""

    def __init__(self, seconds: tuple[int, int]) -> None:
        self._seconds = seconds
        self._pick = random.Random(5)
        self._until = 0
        self._begun = 0
        self._speed = 1.0
        self._texture = self._colour = np.zeros((1, 1), np.uint8)
        grain = np.random.default_rng(2)
        self._grain = [grain.integers(-3, 4, (HEIGHT, WIDTH), np.int16) for _ in range(8)]

    def picture(self, number: int) -> av.VideoFrame:
        if number >= self._until:
            self._begun, self._until = number, number + self._pick.randint(*self._seconds) * FPS
            self._speed = self._pick.uniform(0.2, 1.6)
            self._texture = _texture(HEIGHT + 200, WIDTH + 400, number)
            self._colour = _texture(HEIGHT // 2 + 100, WIDTH // 2 + 200, number + 1)
        since = number - self._begun
        x, y = _to_and_fro(since * self._speed, 400), _to_and_fro(since * self._speed * 0.3, 200)
        luma = self._texture[y : y + HEIGHT, x : x + WIDTH].astype(np.int16) + self._grain[number % 8]
        across = _to_and_fro(since * 4, WIDTH - 300)
        luma[400:700, across : across + 300] = 255 - luma[400:700, across : across + 300]
        colour = self._colour[y // 2 : y // 2 + HEIGHT // 2, x // 2 : x // 2 + WIDTH // 2] // 4
        planes = (np.clip(luma, 16, 235).astype(np.uint8), 96 + colour, 160 - colour)
        frame = av.VideoFrame.from_ndarray(
            np.concatenate([planes[0], *(plane.reshape(-1, WIDTH) for plane in planes[1:])]),
            format="yuv420p",
        )
        frame.pts = number
        return frame


def _to_and_fro(way: float, limit: int) -> int:
    """Returns a position that moves from 0 to `limit` and back: a jump would be a change of scene."""
    return int(limit - abs(way % (2 * limit) - limit))


def _texture(height: int, width: int, seed: int) -> Luma:
    """Returns smooth noise of several sizes, 30 to 210."""
    random_values = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for cell in (8, 32, 128, 512):
        grid = random_values.random((height // cell + 2, width // cell + 2), np.float32)
        rows = np.linspace(0, grid.shape[0] - 1.001, height)
        columns = np.linspace(0, grid.shape[1] - 1.001, width)
        row, column = rows.astype(int), columns.astype(int)
        down, along = (rows - row)[:, None], (columns - column)[None]
        upper = grid[row][:, column] * (1 - along) + grid[row][:, column + 1] * along
        lower = grid[row + 1][:, column] * (1 - along) + grid[row + 1][:, column + 1] * along
        total += ((upper * (1 - down) + lower * down) * cell**0.6).astype(np.float32)
    total = (total - total.min()) / (total.max() - total.min())
    return np.asarray(30 + 180 * total, np.uint8)


def _block(first: int, noise: np.random.Generator) -> av.AudioFrame:
    at = (first + np.arange(1024)) / _RATE
    wave = 0.2 * np.sin(2 * np.pi * 220 * at * (1 + 0.1 * np.sin(at)))
    wave += 0.05 * noise.standard_normal(1024)
    frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]).astype(np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = _RATE, first, Fraction(1, _RATE)
    return frame
