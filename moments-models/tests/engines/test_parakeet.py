"""Parakeet's adapter on a made model: onnx-asr's own loading, batching and decoding, and our arithmetic of words and offsets."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest

from made_parakeet import FRAME, STEP, WORDS, write
from made_speech import made_speech
from moments_models.audio import RATE, wav_duration
from moments_models.engine_contract import Word
from moments_models.engines.parakeet import LONGEST_TOKEN, Parakeet, Token, placed, words_of
from moments_models.listening import Passage, Take, judge
from moments_models.request_jobs import Job
from moments_models.vad import Chunk, Speech, SpeechPiece, listen

Serve = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("parakeet"))


@pytest.fixture(scope="module")
def parakeet(folder: Path) -> Parakeet:
    return Parakeet(folder)


def heard(parakeet: Parakeet, wav: Path) -> tuple[Word, ...]:
    return parakeet.transcribe(wav, language=None, task=Job()).words


@pytest.fixture(scope="module")
def words(parakeet: Parakeet, speech: Path) -> tuple[Word, ...]:
    return heard(parakeet, speech)


def delayed(wav: Path, target: Path, seconds: float) -> Path:
    """The same sound after `seconds` of silence."""
    with wave.open(str(wav), "rb") as reader, wave.open(str(target), "wb") as writer:
        writer.setparams(reader.getparams())
        writer.writeframes(b"\0" * (int(seconds * RATE) * 2))
        writer.writeframes(reader.readframes(reader.getnframes()))
    return target


def test_words_begin_at_spaces_and_end_at_the_next_token() -> None:
    tokens = [Token(" he", 0.0, -0.1), Token("llo", 0.16, -0.3), Token(" wor", 0.4, 0.0), Token("ld", 0.56, 0.0), Token(".", 0.64, 0.0)]
    hello, world = words_of(tokens, 3.0)
    assert hello == Word("hello", 0.0, 0.4, round(math.exp(-0.2), 3))
    assert (world.word, world.start, world.confidence) == ("world.", 0.4, 1.0)
    assert world.end == pytest.approx(0.64 + LONGEST_TOKEN), "a pause is no part of the word before it"


def test_a_last_word_ends_with_its_chunk_and_stray_pieces_are_words() -> None:
    first, last = words_of([Token("ing", 0.0, 0.0), Token(" ", 0.1, 0.0), Token(" end", 0.9, 0.0)], 1.0)
    assert (first.word, last.word) == ("ing", "end")
    assert last.end == 1.0
    assert list(words_of([], 1.0)) == []


def test_a_word_lies_where_its_piece_of_the_recording_lies() -> None:
    """A chunk of two pieces: 2 s from second 10 on, then 2 s from second 60 on."""
    chunk = Chunk((SpeechPiece(10 * RATE, 0, 2 * RATE), SpeechPiece(60 * RATE, 2 * RATE, 2 * RATE)))
    first, second = placed(chunk, [Token(" one", 0.5, 0.0), Token(" two", 2.5, 0.0)]).words
    assert (first.start, first.end) == (10.5, pytest.approx(10.5 + LONGEST_TOKEN))
    assert (second.start, second.end) == (60.5, pytest.approx(60.5 + LONGEST_TOKEN))


def test_f57_f84_what_repeats_itself_is_kept_where_somebody_speaks_and_what_is_unsure_is_not() -> None:
    speech, silence = made_speech([(0.0, 28.0)], 28.0), made_speech([], 28.0)
    chunk = Chunk((SpeechPiece(0, 0, 28 * RATE),))
    big = placed(chunk, [Token(" big", number * 0.4, -0.05) for number in range(60)])
    unsure = placed(chunk, [Token(" so", 1.0, -3.0), Token(" on", 1.4, -3.0)])

    def words(passage: Passage, heard: Speech) -> int:
        take = Take()
        judge(passage, heard, take)
        assert len(take.words) + sum(len(part.text.split()) for part in take.dropped) == len(passage.words)
        return len(take.words)

    assert (words(big, speech), words(big, silence)) == (60, 0)
    assert words(unsure, speech) == words(unsure, silence) == 0


def test_tokens_of_real_decoding_become_words_inside_the_speech(words: tuple[Word, ...], speech: Path) -> None:
    assert len(words) > 100
    chunks = listen(speech, Job()).chunks
    spans = [(piece.start / RATE, (piece.start + piece.length) / RATE) for chunk in chunks for piece in chunk.pieces]
    for word in words:
        assert any(low - 1e-3 <= word.start and word.end <= high + 1e-3 for low, high in spans), word
    for before, after in pairwise(words):
        assert before.end <= after.start + 1e-3
    # Every chunk begins the vocabulary anew, and then keeps its order.
    order = {word: WORDS[(number + 1) % len(WORDS)] for number, word in enumerate(WORDS)}
    fresh = sum(after.word != order.get(before.word) for before, after in pairwise(words))
    assert fresh < 2 * len(chunks), "and its last word may be half of one"
    steps = [round((after.start - before.start) / FRAME, 3) for before, after in pairwise(words)]
    # At the seams of a chunk's pieces alone, where times are pulled into the sound that there is, words may stand closer.
    assert sum(step < STEP - 1e-3 for step in steps) < 2 * len(spans)
    assert max(set(steps), key=steps.count) == STEP


def test_silence_before_the_speech_moves_every_word_by_its_length(
    parakeet: Parakeet, words: tuple[Word, ...], speech: Path, tmp_path: Path
) -> None:
    """40.96 s: a whole number of the voice detector's windows, so that the chunks are the same."""
    shift = 40.96
    late = heard(parakeet, delayed(speech, tmp_path / "late.wav", shift))
    # The first chunk may begin a little elsewhere, for the detector has more to look at.
    tail = [word for word in words if word.start > 35]
    matched = [word for word in late if word.start > 35 + shift]
    assert len(tail) == len(matched)
    assert np.abs([after.start - before.start - shift for before, after in zip(tail, matched, strict=True)]).max() <= FRAME


def test_batches_change_nothing(folder: Path, words: tuple[Word, ...], speech: Path) -> None:
    single = Parakeet(folder)
    single._batch = 1
    assert heard(single, speech) == words


def test_f57_silence_and_noise_give_no_words(parakeet: Parakeet, tmp_path: Path) -> None:
    from conftest import write_wav

    rng = np.random.default_rng(7)
    assert heard(parakeet, write_wav(tmp_path / "silence.wav", np.zeros(20 * RATE))) == ()
    assert heard(parakeet, write_wav(tmp_path / "noise.wav", rng.normal(0, 0.05, 20 * RATE))) == ()


async def test_it_is_served_from_the_folder_that_a_person_names(
    serve: Serve, folder: Path, speech: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MOMENTS_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("MOMENTS_MODEL_PARAKEET_PATH", raising=False)
    client = serve("parakeet")
    missing = await client.post("/transcribe", files={"file": ("a.wav", speech.read_bytes())}, data={"model": "parakeet"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (424, "weights_missing")
    monkeypatch.setenv("MOMENTS_MODEL_PARAKEET_PATH", str(folder))
    body = (await client.post("/transcribe", files={"file": ("a.wav", speech.read_bytes())}, data={"model": "parakeet"})).json()
    assert body["engine"].startswith("parakeet-tdt-")
    assert body["language"] is None
    assert body["duration"] == pytest.approx(wav_duration(speech), abs=1e-3)
    assert {"word", "start", "end", "confidence", "space_before"} == set(body["word_timestamps"][0])
    assert body["segment_timestamps"]
