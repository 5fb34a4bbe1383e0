"""`whisper_base` on people: more than four minutes of them, against the words that they are known to say."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import httpx
import jiwer
import pytest

from moments_models import weights
from moments_models.app import create_app
from moments_models.audio import to_wav, wav_duration
from moments_models.engines import ENGINES
from moments_models.jobs import Job
from speech.human_recordings import RECORDINGS, fetch, plain

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1200)]

MOST_ERRORS = 0.08
SHORTEST = 240.0


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Each recording as 16 kHz mono WAV, and the words that are said in it."""
    folder = tmp_path_factory.mktemp("people")
    found = []
    for number, recording in enumerate(RECORDINGS):
        sent = folder / f"{number}{Path(recording.member).suffix}"
        text = fetch(recording, sent)
        found.append((to_wav(sent, folder / f"{number}.decoded.wav", Job()), text))
    return found


async def heard(client: httpx.AsyncClient, path: Path) -> list[dict[str, Any]]:
    response = await client.post("/transcribe", files={"file": (path.name, path.read_bytes())}, data={"language": "en"})
    words: list[dict[str, Any]] = response.raise_for_status().json()["word_timestamps"]
    return words


async def test_people_are_understood_and_no_seam_loses_a_word(people: list[tuple[Path, str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Two of the recordings are longer than what the recogniser takes at once."""
    weights.pull("whisper_base")
    seconds = sum(wav_duration(path) for path, _ in people)
    assert seconds >= SHORTEST
    scores = []
    transport = httpx.ASGITransport(app=create_app([ENGINES["whisper_base"]]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=1200) as client:
        for path, text in people:
            words = await heard(client, path)
            for before, after in itertools.pairwise(words):
                assert before["start"] <= after["start"]
                assert before["end"] <= after["start"] + 1e-3
            score = jiwer.process_words(plain(text), plain(" ".join(word["word"] for word in words)) or "nothing")
            # A seam that loses or doubles speech does so by the sentence.
            assert longest_run(score, "delete") <= 4, text
            assert longest_run(score, "insert") <= 4, text
            scores.append(score)
    errors = sum(score.substitutions + score.insertions + score.deletions for score in scores)
    count = sum(len(plain(text).split()) for _, text in people)
    with capsys.disabled():
        print(f"\n{seconds:.0f} s of human speech, {count} words, {errors} errors: WER {errors / count:.1%}")
    assert errors / count <= MOST_ERRORS, [(score.wer, text[:40]) for score, (_, text) in zip(scores, people, strict=True)]


def longest_run(score: jiwer.WordOutput, kind: str) -> int:
    """Words in the longest stretch that is missing, or that nobody said."""
    return max(
        (
            max(piece.ref_end_idx - piece.ref_start_idx, piece.hyp_end_idx - piece.hyp_start_idx)
            for piece in score.alignments[0]
            if piece.type == kind
        ),
        default=0,
    )
