"""Where long recordings are cut for a recogniser."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from videomoments.inference.audio_chunks import AudioChunk, plan_chunks, write_chunk
from videomoments.inference.transcript import Segment, TimedTranscript, Word, joined

RATE = 1000  # of the made files: what is planned does not depend on it


def made(path: Path, sound: NDArray[np.floating], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes((sound * 30_000).astype("<i2").tobytes())
    return path


def samples(path: Path) -> bytes:
    with wave.open(str(path), "rb") as reader:
        return reader.readframes(reader.getnframes())


def test_a_short_recording_stays_whole(tmp_path: Path) -> None:
    wav = made(tmp_path / "a.wav", np.ones(890 * RATE))
    assert plan_chunks(wav) == [AudioChunk(0, 890 * RATE, RATE)]


def test_f57_cuts_lie_in_silence_and_lose_no_sample(tmp_path: Path) -> None:
    seed = int(np.random.default_rng().integers(1 << 30))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    sound = rng.uniform(-1, 1, 2500 * RATE)
    pauses = [(start, start + 0.7) for start in np.arange(3.0, 2490.0, 11.0) + rng.uniform(0, 5, 227)]
    for start, end in pauses:
        sound[int(start * RATE) : int(end * RATE)] *= 0.001
    wav = made(tmp_path / "a.wav", sound)
    chunks = plan_chunks(wav)
    assert len(chunks) == 5
    assert (chunks[0].first, chunks[-1].last) == (0, len(sound))
    for before, after in pairwise(chunks):
        assert before.last == after.first
        cut = after.start
        assert any(start + 0.1 < cut < end - 0.1 for start, end in pauses), cut
    assert all(470 < chunk.duration < 530 for chunk in chunks)
    parts = [samples(write_chunk(wav, chunk, tmp_path / f"{n}.wav")) for n, chunk in enumerate(chunks)]
    assert b"".join(parts) == samples(wav)


def test_without_any_pause_a_cut_stays_near_its_place(tmp_path: Path) -> None:
    wav = made(tmp_path / "a.wav", np.ones(1200 * RATE) * 0.5)
    first, _ = plan_chunks(wav)
    assert first.duration == pytest.approx(600, abs=0.6)


def test_parts_are_joined_at_their_true_starts() -> None:
    one = TimedTranscript("Hello.", (Word(1.0, 1.5, "Hello.", 0.9),), (Segment(1.0, 1.5, "Hello."),), None, None, 2.0)
    empty = TimedTranscript("", (), (), None, "e", None)
    two = TimedTranscript("World.", (Word(0.25, 0.75, "World."),), (Segment(0.25, 0.75, "World."),), "en", "e", 3.0)
    whole = joined([(0.0, one), (600.0, empty), (1234.5678, two)])
    assert whole == TimedTranscript(
        "Hello. World.",
        (Word(1.0, 1.5, "Hello.", 0.9), Word(1234.818, 1235.318, "World.")),
        (Segment(1.0, 1.5, "Hello."), Segment(1234.818, 1235.318, "World.")),
        "en",
        "e",
        5.0,
    )
