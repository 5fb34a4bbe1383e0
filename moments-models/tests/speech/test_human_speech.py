"""`whisper_base` on people: more than four minutes of them, against the words that they are known to say."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import write_wav
from moments_models import weights
from moments_models.app import create_app
from moments_models.audio import RATE, samples, to_wav, wav_duration
from moments_models.engines import ENGINES
from moments_models.request_jobs import Job
from moments_models.vad import listen
from speech.human_recordings import OTHER_LANGUAGES, RECORDINGS, fetch, plain

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


async def test_one_long_recording_of_them_all_loses_no_word_at_a_seam(
    people: list[tuple[Path, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loud voices and quiet ones in turn, in nine chunks or more: a missing word counts as a seam's where its neighbours lie at one."""
    weights.pull("whisper_base")
    sound = np.concatenate([samples(path, 0, round(wav_duration(path) * RATE)) for path, _ in people])
    joined = write_wav(tmp_path / "joined.wav", sound)
    seams = [after.pieces[0].start / RATE for after in listen(joined, Job()).chunks[1:]]
    assert len(seams) >= 8
    transport = httpx.ASGITransport(app=create_app([ENGINES["whisper_base"]]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=1200) as client:
        words = [part | {"word": text} for part in await heard(client, joined) for text in plain(part["word"]).split()]
    score = jiwer.process_words(plain(" ".join(text for _, text in people)), " ".join(word["word"] for word in words))
    with capsys.disabled():
        print(f"\none recording of {len(sound) / RATE:.0f} s, {len(seams)} seams: WER {score.wer:.1%}")
    assert score.wer <= MOST_ERRORS
    assert longest_run(score, "delete") <= 3
    pieces = score.alignments[0]
    # Two words heard as another one are misheard, not lost: the error rate counts them.
    misheard = {index for piece in pieces if piece.type == "substitute" for index in (piece.ref_start_idx, piece.ref_end_idx)}
    for piece in pieces:
        if piece.type == "delete" and 0 < piece.hyp_start_idx < len(words) and not misheard & {piece.ref_start_idx, piece.ref_end_idx}:
            before, after = words[piece.hyp_start_idx - 1]["end"], words[piece.hyp_start_idx]["start"]
            assert not any(before - 0.5 <= seam <= after + 0.5 for seam in seams), (before, after, score.references[0][piece.ref_start_idx])


async def test_f85_people_of_other_languages_in_an_english_recording(people: list[tuple[Path, str]], tmp_path: Path) -> None:
    """English, 15 s of Spanish, English, 7 s of Japanese, English: each is heard in its own language, unless a person names one."""
    weights.pull("whisper_base")

    def sound(path: Path, start: float = 0.0, end: float | None = None) -> NDArray[np.float32]:
        return samples(path, int(start * RATE), int(((end or wav_duration(path)) - start) * RATE))

    others = {}
    for language, recording in OTHER_LANGUAGES.items():
        sent = tmp_path / f"{language}{Path(recording.member).suffix}"
        fetch(recording, sent)
        others[language] = to_wav(sent, tmp_path / f"{language}.wav", Job())
    english = [sound(people[0][0], 0, 20), sound(people[2][0], 2.5, 21), sound(people[3][0], 1, 21)]
    parts = [english[0], sound(others["es"]), english[1], sound(others["ja"]), english[2]]
    edges = np.cumsum([0, *(len(part) for part in parts)]) / RATE
    mixed = write_wav(tmp_path / "mixed.wav", np.concatenate(parts))
    transport = httpx.ASGITransport(app=create_app([ENGINES["whisper_base"]]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=1200) as client:
        free = (await client.post("/transcribe", files={"file": ("a.wav", mixed.read_bytes())})).raise_for_status().json()
        named = (
            (await client.post("/transcribe", files={"file": ("a.wav", mixed.read_bytes())}, data={"language": "en"}))
            .raise_for_status()
            .json()
        )
    assert free["language"] == "en"
    assert [part["language"] for part in free["languages"]] == ["en", "es", "en", "ja", "en"]
    for part, start, end in zip(free["languages"][1::2], edges[1:-1:2], edges[2::2], strict=True):
        assert part["confidence"] >= 0.8
        assert min(part["end"], end) - max(part["start"], start) > 0.4 * (end - start), part
    assert {"palabras", "labios"} <= {word["word"].strip(",.").lower() for word in free["word_timestamps"]}
    assert any("\u3040" <= word["word"][0] <= "\u30ff" for word in free["word_timestamps"])
    assert [(part["language"], part["confidence"]) for part in named["languages"]] == [("en", None)]


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
