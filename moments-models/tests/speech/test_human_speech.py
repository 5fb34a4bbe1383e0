"""`whisper_base` on people: more than four minutes of them in one file, against the words that they are known to say."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path
from typing import Any

import httpx
import jiwer
import pytest

from moments_models import weights
from moments_models.app import create_app
from moments_models.audio import RATE, to_wav
from moments_models.engines import ENGINES
from moments_models.jobs import Job
from speech.human_recordings import RECORDINGS, fetch, plain

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1200)]

GAP = 0.7
MOST_ERRORS = 0.08
SHORTEST = 240.0


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[float, float, str]]]:
    """All recordings in one file with short pauses between, and from when to when each says what."""
    folder = tmp_path_factory.mktemp("people")
    spans = []
    position = 0
    target = folder / "all.wav"
    with wave.open(str(target), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        for number, recording in enumerate(RECORDINGS):
            data, text = sound(recording, folder / f"{number}")
            writer.writeframes(data + b"\0" * (int(GAP * RATE) * 2))
            spans.append((position / RATE, (position + len(data) // 2) / RATE, text))
            position += len(data) // 2 + int(GAP * RATE)
    return target, spans


def sound(recording: Any, stem: Path) -> tuple[bytes, str]:
    sent = stem.with_suffix(Path(recording.member).suffix)
    text = fetch(recording, sent)
    with wave.open(str(to_wav(sent, stem.with_suffix(".decoded.wav"), Job())), "rb") as reader:
        return reader.readframes(reader.getnframes()), text


async def heard(path: Path) -> list[dict[str, Any]]:
    weights.pull("whisper_base")
    transport = httpx.ASGITransport(app=create_app([ENGINES["whisper_base"]]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=1200) as client:
        response = await client.post("/transcribe", files={"file": (path.name, path.read_bytes())}, data={"language": "en"})
        words: list[dict[str, Any]] = response.raise_for_status().json()["word_timestamps"]
        return words


async def test_people_are_understood_and_no_seam_loses_a_word(
    people: tuple[Path, list[tuple[float, float, str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, spans = people
    words = await heard(path)
    seconds = sum(end - start for start, end, _ in spans)
    assert seconds >= SHORTEST
    rows = [
        (text, " ".join(word["word"] for word in words if start - GAP / 2 <= word["start"] < end + GAP / 2)) for start, end, text in spans
    ]
    scores = [jiwer.process_words(plain(text), plain(found) or "nothing") for text, found in rows]
    errors = sum(score.substitutions + score.insertions + score.deletions for score in scores)
    count = sum(len(plain(text).split()) for text, _ in rows)
    with capsys.disabled():
        print(f"\n{seconds:.0f} s of human speech, {count} words, {errors} errors: WER {errors / count:.1%}")
    assert errors / count <= MOST_ERRORS, [(score.wer, text[:40]) for score, (text, _) in zip(scores, rows, strict=True)]
    for before, after in itertools.pairwise(words):
        assert before["start"] <= after["start"]
        assert before["end"] <= after["start"] + 1e-3
    # A seam that loses or doubles speech does so by the sentence.
    for score, (text, _) in zip(scores, rows, strict=True):
        assert longest_run(score, "delete") <= 4, text
        assert longest_run(score, "insert") <= 4, text


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
