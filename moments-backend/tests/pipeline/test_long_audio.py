"""The transcription stage on a recording that is sent in parts: a recogniser that hears tones tells which came, and when."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from sqlalchemy import text, update

from pipeline.scripted import Recording
from support.backend import claimed, one
from support.fakes.model_server import ModelServer, hang, reset, transcript_body
from videomoments.core.errors import StaleAttempt
from videomoments.core.names import RunStatus, StageName
from videomoments.db.tables import Video
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.inference.transcript import Segment, TimedTranscript, Word
from videomoments.pipeline.calling import WaitLimits
from videomoments.pipeline.conditions import NO_SPEECH, NOT_UNDERSTOOD, no_speech
from videomoments.pipeline.stage import ProgressClock, StageAdapters, StageContext
from videomoments.pipeline.stages.transcription import transcribe
from videomoments.services.transcript_parts import digest_of
from videomoments.services.transcripts import recognised_from
from videomoments.services.wiring import Services
from videomoments.worker.sweeper import Sweeper

RATE = 16_000
SECONDS = 1500.0
TONE = 0.4
# One every five seconds, and three just where a clock would cut: at 500 s and 1000 s.
STARTS = sorted([*np.arange(1.0, SECONDS - 2, 5.0), 499.8, 999.8, 1000.3])


def pitch(number: int) -> float:
    return 300.0 + 8 * number


class ToneListener(ModelServer):
    """Hears each tone as a word that is its number. The request whose number is in `failing` gets a 503, the one in `dying` no answer at
    all; that in `hanging` waits for ever. `answered` holds the first words of the parts that were answered."""

    failing: tuple[int, ...] = ()
    dying: tuple[int, ...] = ()
    hanging: tuple[int, ...] = ()
    languages: list[str]
    # What it says beside the overview's answer.
    beside: Mapping[str, Any] = MappingProxyType({})
    answered: list[str]
    stuck: asyncio.Event

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        data, self.languages, self.answered = b"", getattr(self, "languages", []), getattr(self, "answered", [])
        fields: dict[str, str] = {}
        async for part in await request.multipart():
            if part.name == "file":
                data = bytes(await part.read())
            else:
                fields[str(part.name)] = await part.text()
        self.languages.append(fields.get("language", ""))
        number = len(self.languages)
        if number in self.failing:
            return web.json_response({"error": {"message": "busy"}}, status=503)
        if number in self.dying:
            return await reset()(request)
        if number in self.hanging:
            self.stuck.set()
            return await hang()(request)

        def honest() -> web.Response:
            self.answered.append(heard(data)[0]["word"])
            return web.json_response(transcript_body(heard(data)) | {"language": "de", "engine": "tones"} | self.beside)

        return await self._play(request, honest)


def heard(data: bytes) -> list[dict[str, Any]]:
    with wave.open(io.BytesIO(data), "rb") as reader:
        sound = np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.int32)
    steps = np.abs(sound[: len(sound) // 160 * 160]).reshape(-1, 160).max(axis=1) > 1000
    edges = np.flatnonzero(np.diff(steps.astype(np.int8), prepend=0, append=0))
    rows = []
    for first, last in zip(edges[::2] * 160, edges[1::2] * 160, strict=True):
        crossings = np.count_nonzero(np.diff(np.signbit(sound[first + 160 : last - 160])))
        number = round((crossings / 2 / ((last - first - 320) / RATE) - 300) / 8)
        rows.append({"word": f"tone{number}", "start": first / RATE, "end": last / RATE})
    return rows


def tones(path: Path) -> Path:
    at = np.arange(int(TONE * RATE)) / RATE
    sound = np.zeros(int(SECONDS * RATE), "<i2")
    for number, start in enumerate(STARTS):
        first = round(start * RATE)
        sound[first : first + len(at)] = (np.sin(2 * np.pi * pitch(number) * at) * 12_000).astype("<i2")
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(sound.tobytes())
    return path


@pytest.fixture
async def context(services: Services, parts: StageAdapters, tmp_path: Path) -> StageContext:
    """A run whose audio lies where stage 2 leaves it."""
    claim = await claimed(services)
    async with services.database.transaction() as session:
        media = Recording(SECONDS, ()).media.to_dict()
        await session.execute(update(Video).where(Video.id == claim.video_pk).values(media_info=media, audio_url="audio"))
    folder = tmp_path / "run"
    folder.mkdir()
    made = StageContext(claim, parts, folder, ProgressClock())
    tones(made.audio_path)
    return made


def tones_of(server: ModelServer) -> ModelConfig:
    return ModelConfig(
        key="tones", kind=ModelKind.ASR, endpoint="/transcribe", model_name="fake-asr", base_url=server.url, max_concurrency=2
    )


async def recognise(context: StageContext, server: ModelServer) -> list[tuple[str, float]]:
    object.__setattr__(context.claim.snapshot, "transcription", tones_of(server))
    outcome = await transcribe(context)
    row = await context.services.transcripts.of_video(context.claim.video_id)
    assert row is not None
    words = recognised_from(row).words
    assert outcome.checkpoint["words"] == len(words)
    assert (row.language, row.engine) == ("de", "tones")
    return [(word.text, word.start) for word in words]


async def test_every_word_of_a_long_recording_comes_once_at_its_time(context: StageContext) -> None:
    async with ToneListener() as server:
        words = await recognise(context, server)
        assert server.languages == ["", "de", "de"], "in parts, and all in the language of the first"
        assert server.peak <= 2
    assert [text for text, _ in words] == [f"tone{number}" for number in range(len(STARTS))]
    assert np.abs(np.array([start for _, start in words]) - STARTS).max() < 0.02, "no drift"
    assert list(context.folder.glob("speech-*/*")) == []


async def test_f85_a_recogniser_that_tells_languages_finds_them_in_each_part(context: StageContext) -> None:
    async with ToneListener() as server:
        server.beside = {"languages": [{"language": "de", "start": 0.0, "end": 60.0, "confidence": 0.9}]}
        await recognise(context, server)
        assert server.languages == ["", "", ""]


async def test_f85_speech_that_was_not_understood_is_not_called_silence(context: StageContext) -> None:
    async with ToneListener() as server:
        nothing = {"transcription": "", "word_timestamps": [], "segment_timestamps": []}
        server.beside = nothing | {"not_understood": [{"start": 1.0, "end": 9.0}]}
        object.__setattr__(context.claim.snapshot, "transcription", tones_of(server))
        outcome = await transcribe(context)
    assert outcome.reason is not None
    assert outcome.reason.startswith(NOT_UNDERSTOOD)
    assert "24 s of speech were heard and not understood (0:01–0:09, " in outcome.reason
    context.checkpoints[StageName.TRANSCRIPTION] = outcome.checkpoint
    assert await no_speech(context) == NOT_UNDERSTOOD
    context.checkpoints[StageName.TRANSCRIPTION] = {"words": 0}
    assert await no_speech(context) == NO_SPEECH


async def test_f42_a_part_that_fails_is_tried_again_alone(context: StageContext) -> None:
    async with ToneListener() as server:
        server.failing = (2, 3)
        words = await recognise(context, server)
        assert len(server.languages) == 5
    assert [text for text, _ in words] == [f"tone{number}" for number in range(len(STARTS))]


FIRST_WORDS = ["tone0", "tone100", "tone201"]


async def again(context: StageContext) -> StageContext:
    """The next attempt's, on another machine."""
    services = context.services
    await services.runs.hand_back(context.claim)
    claim = await services.runs.claim(context.claim.request_id, "worker-b")
    assert claim is not None
    folder = context.folder.with_name(f"attempt-{claim.attempt}")
    folder.mkdir()
    following = StageContext(claim, context.adapters, folder, ProgressClock())
    tones(following.audio_path)
    return following


async def test_an_answered_part_is_never_asked_again_whoever_was_killed(context: StageContext) -> None:
    """The worker ends while the second and third part are asked: of three parts only these two are asked by the next."""
    async with ToneListener() as server:
        server.hanging, server.stuck = (2, 3), asyncio.Event()
        work = asyncio.create_task(recognise(context, server))
        await asyncio.wait_for(server.stuck.wait(), 60)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        server.hanging = ()
        assert server.answered == FIRST_WORDS[:1]
        words = await recognise(await again(context), server)
        assert sorted(server.answered) == FIRST_WORDS
    assert [text for text, _ in words] == [f"tone{number}" for number in range(len(STARTS))]


async def test_a_model_that_dies_is_asked_again_for_the_part_that_it_had_alone(context: StageContext) -> None:
    parts = replace(context.adapters, patience=WaitLimits(every=0.05))
    patient = StageContext(context.claim, parts, context.folder, ProgressClock())
    async with ToneListener() as server:
        # The first part is answered, then each try of the next one ends with the service.
        server.dying = (2, 3, 4, 5, 6)
        words = await recognise(patient, server)
        assert sorted(server.answered) == FIRST_WORDS
    assert [text for text, _ in words] == [f"tone{number}" for number in range(len(STARTS))]


@pytest.mark.parametrize("changed", [{"model_name": "another"}, {"key": "another"}])
async def test_a_kept_part_is_of_one_model(context: StageContext, tmp_path: Path, changed: dict[str, str]) -> None:
    model = ModelConfig(key="tones", kind=ModelKind.ASR, endpoint="/transcribe", model_name="fake-asr", base_url="http://127.0.0.1:9")
    sound, other = tmp_path / "a.wav", tmp_path / "b.wav"
    sound.write_bytes(b"RIFF" + bytes(100))
    other.write_bytes(b"RIFF" + bytes(99) + b"\1")
    digests = {
        digest_of(sound, model, None),
        digest_of(sound, model, "de"),
        digest_of(other, model, None),
        digest_of(sound, model.model_copy(update=changed), None),
    }
    assert len(digests) == 4
    kept = context.services.transcript_parts
    heard_once = TimedTranscript("One.", (Word(0.0, 0.5, "One.", 0.9),), (Segment(0.0, 0.5, "One."),), "en", "tones", 0.1)
    digest = digest_of(sound, model, None)
    await kept.keep(context.claim, digest, heard_once)
    await kept.keep(context.claim, digest, heard_once)
    assert await kept.find(context.claim, digest) == heard_once
    assert await kept.find(context.claim, digest_of(sound, model, "de")) is None


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
async def test_kept_parts_go_with_their_run_whatever_its_end(context: StageContext, status: RunStatus) -> None:
    services = context.services
    nothing = TimedTranscript("", (), (), None, None, None)
    await services.transcript_parts.keep(context.claim, "a part", nothing)
    await services.runs.finish(context.claim, status)
    assert await one(services, "SELECT count(*) FROM transcript_parts") == 0
    with pytest.raises(StaleAttempt):
        await services.transcript_parts.keep(context.claim, "a part", nothing)


async def test_parts_that_were_left_are_swept(context: StageContext) -> None:
    services = context.services
    await services.runs.finish(context.claim, RunStatus.COMPLETED)
    async with services.database.transaction() as session:
        statement = text("INSERT INTO transcript_parts (run_id, digest, answer) VALUES (:id, 'late', '')")
        await session.execute(statement, {"id": context.claim.run_id})
    await Sweeper(services, context.adapters.store).sweep_shared()
    assert await one(services, "SELECT count(*) FROM transcript_parts") == 0
