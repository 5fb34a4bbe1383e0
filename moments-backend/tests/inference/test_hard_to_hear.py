"""F98 with the real recogniser: the same speech clean, and drowned on a bad line. The levels come from other speech
(`moments-models/training/hearing_levels.py` leaves the demo's last two topics out)."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moments_models.audio import RATE, to_wav
from moments_models.engines.extractive import Extractive
from moments_models.engines.whisper import Whisper
from moments_models.request_jobs import Job
from moments_models.routes.transcribe import _body
from moments_models.task_blocks import GenerationTask
from moments_models.weights import pull
from videomoments.demo import sample_path
from videomoments.inference.certainty import STRETCH_LEVEL, WORD_LEVEL, certainty_of
from videomoments.inference.recognised import read_transcript
from videomoments.inference.transcript import TimedTranscript
from videomoments.moments.doubts import Doubts
from videomoments.moments.lines import build_lines
from videomoments.moments.parsing import Candidate
from videomoments.moments.windows import line_json

_FIRST, _LAST = 111.5, 162.0
Sound = NDArray[np.float64]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    wav = to_wav(sample_path(), tmp_path_factory.mktemp("sample") / "sample.wav", Job())
    with wave.open(str(wav), "rb") as reader:
        sound = np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32768.0
    return sound[int(_FIRST * RATE) : int(_LAST * RATE)]


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    pull("whisper_base")
    return Whisper("whisper_base", "whisper-base-int8")


def bad_line(sound: Sound) -> Sound:
    """The band of a telephone (8 kHz), and hiss that is louder than the speech by 5 dB."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    band = np.fft.irfft(spectrum, len(sound))
    hiss = np.random.default_rng(98).normal(0, 1, len(band)) * np.sqrt(np.mean(band**2) * 10**0.5)
    mixed: Sound = band + hiss
    return mixed / np.abs(mixed).max()


def heard(whisper: Whisper, sound: Sound, folder: Path) -> TimedTranscript:
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    answer: dict[str, Any] = _body(whisper.transcribe(path, language="en", task=Job()), whisper.label, len(sound) / RATE, 0.1)
    return read_transcript(json.dumps(answer), "whisper_base", len(sound) / RATE)


def found_in(said: TimedTranscript, duration: float) -> tuple[Doubts, list[Candidate]]:
    """What the built-in model finds, as a run keeps it."""
    lines = build_lines(said.words)
    block = {"task": "generate_moments", "duration": duration, "lines": [line_json(line) for line in lines]}
    limits = {"max_moments": 4, "min_duration": 8, "max_duration": 40}
    answer = Extractive().moments(GenerationTask.model_validate(block | {"limits": limits}), Job())
    doubts = Doubts(said.words, lines)
    rows = [Candidate(row["start_time"], row["end_time"], row["title"], row["score"], row["reason"]) for row in answer]
    return doubts, [doubts.titled(one) for one in doubts.weighed(rows)]


def test_f98_clean_speech_is_not_doubted(whisper: Whisper, clean: Sound, tmp_path: Path) -> None:
    pull("minilm")
    said = heard(whisper, clean, tmp_path)
    certainty = certainty_of(said.words)
    assert certainty.confidence is not None
    assert certainty.confidence > 0.9
    assert certainty.message == ""
    _, moments = found_in(said, len(clean) / RATE)
    assert moments
    assert not any(moment.doubtful or "Moment at" in moment.title or "Hard to hear" in moment.reason for moment in moments)


def test_f98_a_bad_line_says_so_and_gives_no_title_of_what_was_hardly_heard(whisper: Whisper, clean: Sound, tmp_path: Path) -> None:
    pull("minilm")
    said = heard(whisper, bad_line(clean), tmp_path)
    certainty = certainty_of(said.words)
    assert certainty.hard, certainty
    assert certainty.message.startswith("this recording was hard to hear: ")
    doubts, moments = found_in(said, len(clean) / RATE)
    assert moments
    sure = {word.text.strip(".,?!").casefold() for word in said.words if (word.confidence or 0.0) >= WORD_LEVEL}
    for moment in moments:
        mean = doubts.confidence(moment.start, moment.end)
        assert mean is not None
        if mean < STRETCH_LEVEL:
            assert moment.doubtful
            assert "Hard to hear" in moment.reason
        named = moment.title.startswith("Moment at ")
        telling = [word for word in moment.title.casefold().split() if len(word) > 3]
        assert named or all(word.strip(".,?!…") in sure for word in telling), (moment, sure)
