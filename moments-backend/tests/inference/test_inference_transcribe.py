"""Transcription against a scripted service: what is sent, what is believed, and how it ends when it goes wrong (F42)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from support.fakes.model_server import ModelServer, body_of, drip, flood, half_body, hang, html, reset, status, transcript_body
from videomoments.core.errors import ModelError
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.inference.transcribe import transcribe
from videomoments.inference.transcript import (
    Segment,
    TimedTranscript,
    Word,
    segments_from_rows,
    segments_to_rows,
    words_from_rows,
    words_to_rows,
)

FAST = RetryPolicy(first_wait=0.01, longest_wait=0.05)
DEADLINES = Deadlines(connect=60.0, read=60.0, total=120.0, poll=0.02)
# For services that never answer.
SHORT = Deadlines(connect=60.0, read=0.5, total=1.0, poll=0.02)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(b"\0" * 320_044)
    return path


async def heard(server: ModelServer, audio: Path, **options: Any) -> TimedTranscript:
    options = {"deadlines": DEADLINES, "policy": FAST, **options}
    return await transcribe(Endpoint(server.url), audio, **options)


async def heard_words(server: ModelServer, audio: Path, rows: list[Any], **options: Any) -> list[tuple[float, float, str]]:
    body = {"transcription": "x", "word_timestamps": rows, "segment_timestamps": []}
    server.script.append(body_of(json.dumps(body)))
    return [(word.start, word.end, word.text) for word in (await heard(server, audio, **options)).words]


async def test_parakeets_answer_without_optional_fields(server: ModelServer, audio: Path) -> None:
    transcript = await heard(server, audio)
    assert transcript == TimedTranscript(
        full_text="Hello world.",
        words=(Word(0.0, 0.5, "Hello"), Word(0.5, 1.0, "world.")),
        segments=(Segment(0.0, 1.0, "Hello world."),),
        language=None,
        engine=None,
        processing_time=0.1,
    )
    (sent,) = server.requests
    assert (sent.path, sent.file_bytes, sent.body) == ("/transcribe", 320_044, {})
    assert "Authorization" not in sent.headers


async def test_optional_fields_go_and_come(server: ModelServer, audio: Path) -> None:
    rows = [{"word": "Hi", "start": 0, "end": 1, "confidence": 0.8}]
    server.script.append(body_of(json.dumps(transcript_body(rows) | {"language": "en", "engine": "whisper-base-int8", "duration": 10})))
    endpoint = Endpoint(server.url, "secret")
    transcript = await transcribe(endpoint, audio, model="whisper_base", language="en", request_id="r-1", policy=FAST)
    assert (transcript.language, transcript.engine, transcript.words[0].confidence) == ("en", "whisper-base-int8", 0.8)
    (sent,) = server.requests
    assert sent.body == {"model": "whisper_base", "language": "en"}
    assert (sent.headers["Authorization"], sent.headers["X-Request-Id"]) == ("Bearer secret", "r-1")


async def test_silence_is_an_empty_transcript(server: ModelServer, audio: Path) -> None:
    server.script.append(body_of(json.dumps(transcript_body([]))))
    transcript = await heard(server, audio)
    assert not transcript.speech
    assert transcript.full_text == ""


async def test_f45_words_become_monotonic_and_stay_inside(server: ModelServer, audio: Path) -> None:
    rows = [
        {"word": "b", "start": 2.0, "end": 2.5},
        {"word": " a ", "start": 1.0, "end": 2.2},
        {"word": "back", "start": 2.4, "end": 2.1},
        {"word": "long", "start": 9.0, "end": 99.0},
        {"word": "late", "start": 10.5, "end": 10.9},
        {"word": "", "start": 3.0, "end": 3.1},
    ]
    assert await heard_words(server, audio, rows, duration=10.0) == [
        (1.0, 2.0, "a"),
        (2.0, 2.4, "b"),
        (2.4, 3.4, "back"),
        (9.0, 10.0, "long"),
        (10.0, 10.0, "late"),
    ]


async def test_f45_words_without_usable_times_are_dropped(server: ModelServer, audio: Path) -> None:
    good = [{"word": f"w{n}", "start": n, "end": n + 0.5} for n in range(9)]
    bad: list[Any] = [
        {"word": "nan", "start": float("nan"), "end": 1},
        {"word": "minus", "start": -3, "end": -2},
        {"word": "text", "start": "soon", "end": 2},
        {"word": 5, "start": 1, "end": 2},
        {"start": 1, "end": 2},
        "word",
        None,
        {"word": "huge", "start": 10**400, "end": 2},
        {"word": "beyond", "start": 500, "end": 501},
    ]
    assert len(await heard_words(server, audio, good + bad, duration=10.0)) == 9
    with pytest.raises(ModelError) as caught:
        await heard_words(server, audio, good[:3] + bad, duration=10.0)
    assert caught.value.code == "model_bad_answer"


async def test_a_text_without_times_is_no_transcript(server: ModelServer, audio: Path) -> None:
    with pytest.raises(ModelError, match="without times"):
        await heard_words(server, audio, [])


@pytest.mark.parametrize("behaviour", [status(429, retry_after="0"), status(503), status(500), reset(), half_body(), html(), body_of("[]")])
async def test_f42_a_passing_fault_is_tried_again(server: ModelServer, audio: Path, behaviour: Any) -> None:
    server.script.append(behaviour)
    assert (await heard(server, audio)).full_text == "Hello world."
    assert [item.file_bytes for item in server.requests] == [320_044, 320_044]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (lambda: status(503), "model_overloaded"),
        (lambda: status(401), "model_refused"),
        (lambda: status(404), "model_unknown"),
        (lambda: status(400, "not audio"), "model_error"),
        (lambda: reset(), "model_unreachable"),
        (lambda: html(), "model_error"),
        (lambda: hang(), "model_timeout"),
        (lambda: drip(), "model_timeout"),
        (lambda: flood(80), "model_bad_answer"),
    ],
)
async def test_f42_a_lasting_fault_ends_typed(server: ModelServer, audio: Path, behaviour: Any, code: str) -> None:
    server.script += [behaviour() for _ in range(20)]
    with pytest.raises(ModelError) as caught:
        await heard(server, audio, deadlines=SHORT if code == "model_timeout" else DEADLINES)
    assert caught.value.code == code
    assert server.url not in str(caught.value)
    assert len(server.requests) <= 13


async def test_f42_nobody_listens(audio: Path) -> None:
    async with ModelServer() as gone:
        url = gone.url
    with pytest.raises(ModelError) as caught:
        await transcribe(Endpoint(url), audio, deadlines=DEADLINES, policy=FAST)
    assert caught.value.code == "model_unreachable"


async def test_progress_is_polled_while_it_works(server: ModelServer, audio: Path) -> None:
    seen: list[tuple[float, float]] = []

    async def slow(request: web.Request) -> web.StreamResponse:
        for done in (1.0, 5.0, 12.0):
            server.jobs["r-1"] = {"done": done, "total": 10.0}
            await asyncio.sleep(0.1)
        return web.json_response(transcript_body())

    server.script.append(slow)
    await heard(server, audio, request_id="r-1", on_progress=lambda done, total: seen.append((done, total)))
    assert {(1.0, 10.0), (5.0, 10.0), (10.0, 10.0)} <= set(seen)


async def test_a_service_without_progress_is_left_alone(server: ModelServer, audio: Path) -> None:
    server.delay = 0.2
    assert (await heard(server, audio, request_id="r-1", on_progress=lambda done, total: None)).speech


async def test_cancelling_leaves_the_service(server: ModelServer, audio: Path) -> None:
    server.script.append(hang())
    task = asyncio.create_task(heard(server, audio))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_rows_of_the_database_and_back() -> None:
    words = (Word(0.0, 0.5, "a", 0.9), Word(0.5, 1.0, "b"))
    assert words_to_rows(words)[1] == {"word": "b", "start": 0.5, "end": 1.0}
    assert words_from_rows(words_to_rows(words)) == words
    segments = (Segment(0.0, 1.0, "a b"),)
    assert segments_from_rows(segments_to_rows(segments)) == segments
