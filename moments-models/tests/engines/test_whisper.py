"""Recognition: nothing is heard where nobody speaks, and what is heard has its time."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import RATE, SAMPLE, write_wav
from moments_models.audio import samples

pytestmark = pytest.mark.usefixtures("whisper_base")


async def heard(client: httpx.AsyncClient, audio: bytes | Path, **fields: str) -> dict[str, Any]:
    data = audio if isinstance(audio, bytes) else audio.read_bytes()
    response = await client.post("/transcribe", files={"file": ("audio", io.BytesIO(data))}, data=fields)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def noises() -> dict[str, NDArray[np.floating]]:
    rng = np.random.default_rng(11)
    at = np.arange(RATE * 20) / RATE
    chord = sum(np.sin(2 * np.pi * tone * at) for tone in (220, 277.2, 329.6, 440)) / 8
    tune = np.sin(2 * np.pi * np.repeat(rng.choice([262, 294, 330, 392, 440], 80), RATE // 4) * at) * 0.3
    hum = rng.normal(0, 1, len(at)).cumsum()
    return {
        "silence": np.zeros(RATE * 20),
        "white noise": rng.normal(0, 0.1, RATE * 20),
        "loud noise": rng.normal(0, 0.5, RATE * 20),
        "rumble": hum / np.abs(hum).max() * 0.5,
        "chord": chord * (0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * at)),
        "tune": tune,
        "clicks": (rng.random(RATE * 20) > 0.9999).astype(float),
    }


@pytest.mark.parametrize("name", list(noises()))
async def test_f57_where_nobody_speaks_no_word_is_heard(client: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    body = await heard(client, write_wav(tmp_path / "a.wav", noises()[name]))
    assert body["word_timestamps"] == []
    assert body["segment_timestamps"] == []
    assert body["transcription"] == ""
    assert body["duration"] == pytest.approx(20.0)


def noise_past_the_gate() -> dict[str, NDArray[np.floating]]:
    return noises() | {"hiss": np.random.default_rng(3).normal(0, 0.1, RATE * 10)}


@pytest.mark.parametrize("name", list(noise_past_the_gate()))
async def test_f57_f84_no_speech_probe_of_the_decoder_itself(whisper_base: Path, tmp_path: Path, name: str) -> None:
    """Noise that is fed past voice activity: the decoder writes sentences, some of them sure; with no voice under them they are dropped."""
    from moments_models.engines.whisper import Whisper, WhisperDecoder
    from moments_models.listening import Listener
    from moments_models.request_jobs import Job
    from moments_models.vad import listen

    sound = noise_past_the_gate()[name]
    wav = write_wav(tmp_path / "a.wav", sound)
    speech = listen(wav, Job())
    listener = Listener(WhisperDecoder(Whisper("whisper_base", "test")._model, wav, Job()), speech, Job())
    take = listener.hear(speech.piece(0.0, len(sound) / RATE), "en")
    assert take.words == []


async def test_the_body_is_the_contracts(client: httpx.AsyncClient, speech: Path, tmp_path: Path) -> None:
    cut = write_wav(tmp_path / "a.wav", samples(speech, 0, 20 * RATE))
    response = await client.post("/transcribe", files={"file": ("a.wav", cut.read_bytes())}, headers={"X-Request-Id": "contract"})
    body = response.json()
    ours = {"language", "engine", "duration", "languages", "not_understood", "dropped"}
    assert set(body) == {"transcription", "word_timestamps", "segment_timestamps", "processing_time"} | ours
    assert [(part["language"], part["end"] > 19) for part in body["languages"]] == [("en", True)]
    assert body["languages"][0]["confidence"] > 0.8
    assert (body["not_understood"], body["dropped"]) == ([], [])
    assert body["engine"] == "whisper-base-int8"
    assert body["language"] == "en"
    assert body["duration"] == pytest.approx(20.0)
    assert set(body["word_timestamps"][0]) == {"word", "start", "end", "confidence", "space_before"}
    assert set(body["segment_timestamps"][0]) == {"text", "start", "end"}
    assert (await client.get("/v1/jobs/contract")).json() == {"done": 20.0, "total": 20.0}


async def test_words_are_right_and_in_their_places(client: httpx.AsyncClient, speech: Path) -> None:
    """Three minutes: several chunks, so every seam between them is in here."""
    truth = json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))["lines"]
    body = await heard(client, speech, language="en-GB")
    words = body["word_timestamps"]
    assert all(word["word"] == word["word"].strip() != "" for word in words)
    assert all(0 <= word["start"] <= word["end"] <= body["duration"] + 0.05 for word in words)
    assert all(before["start"] <= after["start"] and before["end"] <= after["start"] for before, after in pairwise(words))
    assert "".join(" " * word["space_before"] + word["word"] for word in words).strip() == body["transcription"]
    assert " ".join(segment["text"] for segment in body["segment_timestamps"]) == body["transcription"]

    said = " ".join(line["text"] for line in truth)
    plain = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip()])
    assert jiwer.wer(plain(said), plain(body["transcription"])) < 0.10
    starts = np.array([word["start"] for word in words])
    errors = [float(np.abs(starts - line["start"]).min()) for line in truth]
    assert np.median(errors) < 0.15
    assert np.percentile(errors, 90) < 0.5


async def test_speech_between_long_silences_keeps_its_time(client: httpx.AsyncClient, speech: Path, tmp_path: Path) -> None:
    """Pauses are shortened for the recogniser, never in what it answers."""
    first = samples(speech, 0, int(5.3 * RATE))
    quiet = np.random.default_rng(5).normal(0, 0.0003, 40 * RATE)
    body = await heard(client, write_wav(tmp_path / "a.wav", np.concatenate([quiet, first, quiet[: 15 * RATE], first])))
    once, again = [[w for w in body["word_timestamps"] if low < w["start"] < high] for low, high in ((39, 46), (59, 66))]
    assert len(once) + len(again) == len(body["word_timestamps"])
    assert [w["word"].lower().strip(".,") for w in once][:3] == ["bread", "begins", "with"]
    assert again[0]["start"] - once[0]["start"] == pytest.approx(20.3, abs=0.3)


async def test_f84_what_is_said_again_and_again_is_written_as_often(client: httpx.AsyncClient, speech: Path, tmp_path: Path) -> None:
    """Words of the sample, each said six times: real repetition through the real recogniser."""
    whole = await heard(client, write_wav(tmp_path / "whole.wav", samples(speech, 0, 60 * RATE)), language="en")
    clear = [w for w in whole["word_timestamps"] if w["confidence"] > 0.95 and 0.3 < w["end"] - w["start"] < 0.8 and len(w["word"]) > 4]
    chosen = clear[:: max(1, len(clear) // 6)][:6]
    assert len(chosen) == 6
    pause = np.random.default_rng(6).normal(0, 0.0005, int(0.3 * RATE))
    counts = []
    for word in chosen:
        once = samples(speech, int((word["start"] - 0.03) * RATE), int((word["end"] - word["start"] + 0.06) * RATE))
        body = await heard(client, write_wav(tmp_path / "a.wav", np.concatenate([pause, *[once, pause] * 6])), language="en")
        counts.append(len(body["word_timestamps"]))
        assert counts[-1] >= 3 or body["dropped"] or body["not_understood"], f"{word['word']} was lost without a word about it"
    # Some are cut so badly that they are heard as something else, with doubt.
    assert sum(count >= 3 for count in counts) >= 4, counts
    assert sum(counts) >= 0.75 * 6 * 6, counts


@pytest.mark.usefixtures("whisper_tiny_en")
async def test_the_small_model_is_served_by_name(client: httpx.AsyncClient, speech: Path, tmp_path: Path) -> None:
    body = await heard(client, write_wav(tmp_path / "a.wav", samples(speech, 0, 8 * RATE)), model="whisper_tiny_en")
    assert body["engine"] == "whisper-tiny.en-int8"
    assert "yeast" in body["transcription"].lower()


@pytest.mark.parametrize(("data", "fields", "status"), [(b"not media", {}, 422), (b"", {}, 422), (b"RIFF", {"language": "english!"}, 400)])
async def test_what_cannot_be_heard_is_refused(client: httpx.AsyncClient, data: bytes, fields: dict[str, str], status: int) -> None:
    response = await client.post("/transcribe", files={"file": ("a.wav", data)}, data=fields)
    assert response.status_code == status, response.text
    assert set(response.json()["error"]) == {"message", "type", "code"}


async def test_an_unknown_language_is_refused(client: httpx.AsyncClient, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "a.wav", np.zeros(RATE))
    response = await client.post("/transcribe", files={"file": ("a.wav", sound.read_bytes())}, data={"language": "xx"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_language"
