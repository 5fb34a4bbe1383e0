"""Waveform, silences and loudness of the speech track."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from av.audio.frame import AudioFrame
from av.filter import Graph

from media.makers import draw
from sample_facts import sample_truth
from videomoments.demo import sample_path
from videomoments.media.engine import MediaEngine
from videomoments.media.sound.loudness import LoudnessMeter
from videomoments.media.sound.silences import find_silences
from videomoments.media.sound.waveform import HEAD_BYTES, WaveformHeader, WaveformWriter, coarser, finest, pairs_in, stretch

RATE = 16_000


def written(samples: npt.NDArray[np.int16]) -> bytes:
    writer = WaveformWriter(RATE)
    for first in range(0, len(samples), RATE):
        writer.add(samples[first : first + RATE])
    return writer.finish()


def test_every_level_tells_the_lowest_and_highest_sample() -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    samples = np.random.default_rng(seed).integers(-32768, 32768, RATE * 7 + 1234, dtype=np.int16)
    data = written(samples)
    header = WaveformHeader.parse(data[:HEAD_BYTES])
    assert header.duration == pytest.approx(len(samples) / RATE)
    for level in header.levels:
        _, offset, length = stretch(level, 0, header.duration)
        pairs = pairs_in(data[offset : offset + length])
        per_step = round(level.step * RATE)
        assert len(pairs) == level.count == -(-len(samples) // per_step)
        for index in {0, len(pairs) // 2, len(pairs) - 1}:
            part = samples[index * per_step : (index + 1) * per_step]
            assert pairs[index].tolist() == [part.min(), part.max()]


def test_a_stretch_at_any_zoom_is_few_bytes() -> None:
    header = WaveformHeader.parse(written(np.zeros(RATE * 3600, np.int16))[:HEAD_BYTES])
    for seconds, points in ((3600, 1000), (60, 1000), (5, 800), (0.5, 2000)):
        level = header.level_for(seconds, points)
        _, _, length = stretch(level, 10, 10 + seconds)
        assert length <= points * 4 * 4 + 8
        assert len(coarser(pairs_in(bytes(length)), points)) <= points
    assert stretch(header.levels[0], 9e9, 9e10)[2] == 0


def test_silences_are_found_to_ten_milliseconds_at_any_level() -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = np.random.default_rng(seed)
    for loudest in (0.9, 0.05, 0.004):
        noise = chance.normal(0, loudest / 400, RATE * 60)
        quiet = []
        at = 0.0
        while at < 57:
            spoken, pause = chance.uniform(0.5, 3), chance.uniform(0.2, 1)
            first, last = round(at * RATE), round((at + spoken) * RATE)
            noise[first:last] += loudest * np.sin(np.arange(last - first) * 0.3)[: max(0, len(noise) - first)]
            quiet.append((at + spoken, at + spoken + pause))
            at += spoken + pause
        found = find_silences(finest(written((noise * 32767).astype(np.int16))))
        for start, end in quiet[:-1]:
            assert any(abs(item.start - start) <= 0.02 and abs(item.end - end) <= 0.02 for item in found), (loudest, start, end)
        assert len(found) <= len(quiet) + 1


def test_nothing_sounds_or_nothing_is_there() -> None:
    assert find_silences(finest(written(np.zeros(RATE * 3, np.int16))))[0].duration == pytest.approx(3.0)
    assert find_silences(finest(written(np.zeros(0, np.int16)))) == []
    loud = (np.sin(np.arange(RATE * 5) * 0.1) * 20_000).astype(np.int16)
    assert find_silences(finest(written(loud))) == []


async def test_the_pauses_of_the_sample_are_silent(tmp_path: Path) -> None:
    engine = MediaEngine()
    info = await engine.probe(sample_path())
    await engine.extract_audio(sample_path(), tmp_path / "a.wav", info, waveform=tmp_path / "a.waveform")
    data = (tmp_path / "a.waveform").read_bytes()
    found = find_silences(finest(data))
    lines = sample_truth().lines
    for line in lines[1:]:
        assert any(abs(item.end - line.start) < 0.06 for item in found), line
    inside = [item for item in found if any(line.start + 0.05 < item.start and item.end < line.end - 0.05 for line in lines)]
    assert sum(item.duration for item in inside) < 0.2 * sum(line.end - line.start for line in lines)
    with wave.open(str(tmp_path / "a.wav")) as file:
        samples = file.readframes(file.getnframes())
    assert data == _with_loudness(samples, WaveformHeader.parse(data[:HEAD_BYTES]).loudness)
    assert WaveformHeader.parse(data[:HEAD_BYTES]).loudness == pytest.approx(_ffmpeg_loudness(samples), abs=0.2)
    assert not list(tmp_path.glob("*.part"))


def _with_loudness(samples: bytes, loudness: float | None) -> bytes:
    writer = WaveformWriter(RATE)
    writer.add(samples)
    return writer.finish(loudness=loudness)


def test_loudness_is_what_ffmpeg_measures() -> None:
    time = np.arange(RATE * 20) / RATE
    chance = np.random.default_rng(1)
    for name, sound in {
        "1 kHz at -23 dBFS": 10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * time),
        "60 Hz": 0.3 * np.sin(2 * np.pi * 60 * time),
        "noise, half of it 30 dB quieter": chance.normal(0, 0.1, len(time)) * np.where(time < 10, 1, 0.03),
    }.items():
        samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        meter = LoudnessMeter(RATE)
        for first in range(0, len(samples), RATE):
            meter.add(samples[first : first + RATE].tobytes())
        assert meter.integrated() == pytest.approx(_ffmpeg_loudness(samples.tobytes()), abs=0.2), name
    silent = LoudnessMeter(RATE)
    silent.add(bytes(RATE * 2))
    assert silent.integrated() is None


def _ffmpeg_loudness(samples: bytes) -> float:
    graph = Graph()
    nodes = [
        graph.add_abuffer(sample_rate=RATE, format="s16", layout="mono", time_base="1/16000"),
        graph.add("ebur128", "metadata=1:framelog=quiet"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    frame = AudioFrame("s16", "mono", len(samples) // 2)
    frame.sample_rate, frame.pts = RATE, 0
    frame.planes[0].update(samples + bytes(frame.planes[0].buffer_size - len(samples)))
    graph.push(frame)
    last = 0.0
    while True:
        try:
            last = float(graph.pull().metadata["lavfi.r128.I"])
        except (BlockingIOError, EOFError):
            return last


async def test_a_waveform_begins_at_the_first_picture(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", seconds=4, size=(160, 96), audio_delay=1.5)
    engine = MediaEngine()
    await engine.extract_audio(made.path, tmp_path / "a.wav", await engine.probe(made.path), waveform=tmp_path / "w")
    pairs = finest((tmp_path / "w").read_bytes())
    loud = np.flatnonzero(pairs[:, 1] > 8000)
    assert loud[0] * 0.01 == pytest.approx(2.0, abs=0.02)
    assert np.abs(pairs[:145]).max() == 0
