"""The transcription stage on a recording that is sent in parts: a recogniser that hears tones tells which came, and when."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from sqlalchemy import update

from backend import claimed
from fakes.model_server import ModelServer, transcript_body
from pipeline.scripted import Recording
from videomoments.db.tables import Video
from videomoments.inference.base import ModelConfig, ModelKind
from videomoments.pipeline.stage import Parts, ProgressClock, StageContext
from videomoments.pipeline.stages.transcription import transcribe
from videomoments.services.transcripts import recognised_from
from videomoments.services.wiring import Services
from videomoments.worker.app import build_parts

RATE = 16_000
SECONDS = 1500.0
TONE = 0.4
# One every five seconds, and three just where a clock would cut: at 500 s and 1000 s.
STARTS = sorted([*np.arange(1.0, SECONDS - 2, 5.0), 499.8, 999.8, 1000.3])


def pitch(number: int) -> float:
    return 300.0 + 8 * number


class ToneListener(ModelServer):
    """Hears each tone as a word that is its number. The request whose number is in `failing` gets a 503."""

    failing: tuple[int, ...] = ()
    languages: list[str]

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        data, self.languages = b"", getattr(self, "languages", [])
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

        def honest() -> web.Response:
            return web.json_response(transcript_body(heard(data)) | {"language": "de", "engine": "tones"})

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
async def parts(services: Services) -> AsyncIterator[Parts]:
    built = build_parts(services.settings, services)
    yield built
    await built.chat.aclose()
    await built.tunnels.aclose()
    await built.slots.close()


@pytest.fixture
async def context(services: Services, parts: Parts, tmp_path: Path) -> StageContext:
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


async def recognise(context: StageContext, server: ModelServer) -> list[tuple[str, float]]:
    model = ModelConfig(
        key="tones", kind=ModelKind.ASR, endpoint="/transcribe", model_name="fake-asr", base_url=server.url, max_concurrency=2
    )
    object.__setattr__(context.claim.snapshot, "transcription", model)
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


async def test_f42_a_part_that_fails_is_tried_again_alone(context: StageContext) -> None:
    async with ToneListener() as server:
        server.failing = (2, 3)
        words = await recognise(context, server)
        assert len(server.languages) == 5
    assert [text for text, _ in words] == [f"tone{number}" for number in range(len(STARTS))]
