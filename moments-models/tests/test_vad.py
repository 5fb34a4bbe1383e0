"""Chunks: all speech is in them, none is too long, and times map back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pytest_machine import examples

from conftest import write_wav
from made_speech import made_speech
from moments_models.audio import RATE, samples
from moments_models.request_jobs import Job
from moments_models.vad import LONGEST_CHUNK, WINDOW, Chunk, Speech, SpeechPiece, listen, plan_chunks

regions = st.lists(st.tuples(st.integers(1, 400), st.integers(8, 2500)), min_size=0, max_size=12)


def drawn(spans: list[tuple[int, int]], seed: int) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """Probabilities at random, and regions of speech from gaps and lengths; in windows."""
    at, spoken = 0, []
    for gap, length in spans:
        spoken.append((at + gap + 7, at + gap + 7 + length))
        at += gap + 7 + length
    return np.random.default_rng(seed).random(at + 10, np.float32), spoken


@settings(max_examples=examples(60), deadline=None)
@given(regions, st.integers(0, 2**32 - 1))
def test_every_spoken_sample_is_in_a_chunk_of_at_most_28_seconds(spans, seed) -> None:  # type: ignore[no-untyped-def]
    probabilities, spoken = drawn(spans, seed)
    chunks = plan_chunks(probabilities, iter(spoken))
    covered = np.zeros(len(probabilities) * WINDOW, bool)
    end = 0
    for chunk in chunks:
        assert 0 < chunk.length <= LONGEST_CHUNK * RATE
        offset = 0
        for piece in chunk.pieces:
            assert piece.offset == offset
            assert piece.start >= end
            offset, end = offset + piece.length, piece.start + piece.length
            covered[piece.start : end] = True
    for first, last in spoken:
        assert covered[first * WINDOW : last * WINDOW].all()


def test_times_map_back_over_a_seam() -> None:
    chunk = Chunk((SpeechPiece(10 * RATE, 0, 5 * RATE), SpeechPiece(40 * RATE, 5 * RATE, 5 * RATE)))
    assert chunk.span(1.0, 2.0) == (11.0, 12.0)
    assert chunk.span(6.0, 7.0) == (41.0, 42.0)
    assert chunk.span(4.2, 5.1) == (14.2, 15.0)  # more of it lies before the seam
    assert chunk.span(4.9, 5.8) == (40.0, 40.8)
    assert chunk.span(12.0, 13.0) == (45.0, 45.0)


def test_f84_a_pause_that_a_chunk_leaves_out_stays_out_of_its_halves() -> None:
    """Five minutes of quiet between two sentences: a recogniser would invent words in them, or not come to the second sentence."""
    speech = made_speech([(1.0, 9.0), (310.0, 318.0), (640.0, 648.0)], 650.0)
    (chunk,) = speech.chunks
    first, second = speech.halves(chunk)
    assert first.length + second.length == chunk.length < LONGEST_CHUNK * RATE
    assert 0.25 <= first.length / chunk.length <= 0.75
    assert [*first.pieces, *second.pieces] != [*chunk.pieces], "its middle is in the second sentence"
    quarter, rest = speech.halves(second)
    assert quarter.length + rest.length == second.length
    assert (quarter.pieces[0].start, rest.end) == (second.pieces[0].start, chunk.end)


@settings(max_examples=examples(60), deadline=None)
@given(regions, st.integers(0, 2**32 - 1))
def test_halves_hold_the_chunk_and_nothing_else(spans, seed) -> None:  # type: ignore[no-untyped-def]
    probabilities, spoken = drawn(spans, seed)
    for chunk in plan_chunks(probabilities, iter(spoken)):
        halves = Speech(probabilities, (), np.zeros(len(probabilities), bool)).halves(chunk)
        assert sum(half.length for half in halves) == chunk.length
        assert all(half.length <= 0.76 * chunk.length + 2 * WINDOW for half in halves)


def covered(wav: Path, first: int, last: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the samples [first, last) are in a chunk."""
    found = np.zeros(last, bool)
    for chunk in listen(wav, Job()).chunks:
        for piece in chunk.pieces:
            found[piece.start : piece.start + piece.length] = True
    return found[first:]


@pytest.mark.parametrize(("level", "noise"), [(0.1, 0.01), (0.05, 0.005)])
def test_a_quiet_voice_after_a_loud_one_is_heard(speech: Path, tmp_path: Path, level: float, noise: float) -> None:
    """The model alone takes the quiet one for noise, for ten seconds and more: heard by itself it is found at once."""
    loud = samples(speech, 0, 60 * RATE)
    quiet = loud * level + np.random.default_rng(1).normal(0, noise, len(loud)).astype(np.float32)
    alone = covered(write_wav(tmp_path / "alone.wav", quiet), 0, len(quiet))
    after = covered(write_wav(tmp_path / "after.wav", np.concatenate([loud, quiet])), len(loud), 2 * len(loud))
    assert alone.mean() > 0.7
    assert (after & alone).sum() / alone.sum() > 0.95
