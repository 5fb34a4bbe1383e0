"""Runs whose recording is made up: media and transcript come from a table, the model from a script, and the two stages that ask it are
real, as are PostgreSQL, Valkey, leases and places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from support.fakes.model_server import ModelServer
from videomoments.core.names import RunKind, StageName
from videomoments.db.tables import Video
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.inference.transcript import Segment, TimedTranscript
from videomoments.media.types import AudioStream, ContainerChapter, MediaInfo
from videomoments.pipeline.orchestrator import Watch, run_stages
from videomoments.pipeline.run_kinds import stages_of
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.options import RunOptions
from videomoments.services.runs import Accepted, Claim
from videomoments.services.wiring import Services
from videomoments.worker.app import build_adapters
from videomoments.worker.consumer import Worker


@dataclass(frozen=True)
class Recording:
    """What earlier stages would have found; seconds."""

    duration: float
    lines: tuple[tuple[float, float, str], ...]
    chapters: tuple[tuple[float, str], ...] = ()

    @property
    def media(self) -> MediaInfo:
        audio = AudioStream(0, "pcm_s16le", 16_000, 1, 0.0, self.duration, decodable=True)
        marks = tuple(ContainerChapter(start, title) for start, title in self.chapters)
        return MediaInfo("wav", 1000, self.duration, 0.0, None, audio, marks)

    @property
    def transcript(self) -> TimedTranscript:
        segments = tuple(Segment(*line) for line in self.lines)
        return TimedTranscript(" ".join(line[2] for line in self.lines), (), segments, "en", "made", 0.0)


def stages(recording: Recording, kind: RunKind) -> tuple[Stage, ...]:
    """The eight of such a run, of which the two that ask a chat model are real."""

    async def transcribe(context: StageContext) -> Outcome:
        async with context.services.database.transaction() as session:
            values = {"media_info": recording.media.to_dict()}
            await session.execute(update(Video).where(Video.id == context.claim.video_pk).values(**values))
        context.forget_video()
        await context.services.transcripts.save(context.claim, recording.transcript, language="en", input_hash="made")
        return Outcome({"words": len(recording.lines)})

    async def nothing(_: StageContext) -> Outcome:
        return Outcome()

    made = {StageName.TRANSCRIPTION: transcribe}
    real = {stage.name: stage for stage in stages_of(kind) if stage.name in (StageName.MOMENT_GENERATION, StageName.MOMENT_REFINEMENT)}
    return tuple(real.get(name) or Stage(name=name, run=made.get(name, nothing)) for name in StageName)


def scripted_model(server: ModelServer, key: str = "scripted", **changed: Any) -> ModelConfig:
    values = {"key": key, "kind": ModelKind.CHAT, "endpoint": "/v1/chat/completions", "model_name": "fake-chat", "base_url": server.url}
    return ModelConfig.model_validate(values | changed)


async def start(services: Services, models: Sequence[ModelConfig], name: str = "talk", **options: Any) -> Accepted:
    """A run whose generation is asked of the first model, its refinement of the last."""
    for model in models:
        await services.models.put(model)
    video, _ = await services.videos.register_url(f"https://example.com/{name}.mp4")
    chosen = {"generation_model": models[0].key, "refinement_model": models[-1].key, "clips": "none"}
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**(chosen | options))))


@asynccontextmanager
async def workers(
    services: Services, recording: Recording, *, count: int = 1, deadlines: Deadlines | None = None, policy: RetryPolicy | None = None
) -> AsyncIterator[None]:
    """`count` workers, each with adapters of its own, as processes of their own would have. With a `policy` of its own a test's models
    that go away are looked for as quickly as they are asked again."""
    built = [build_adapters(services.settings, services) for _ in range(count)]
    chats = [ChatClient(deadlines=deadlines, policy=policy, memory=services.model_dialects) for _ in built]
    all_parts = [
        replace(parts, chat=chat, patience=replace(parts.patience, every=0.02) if policy else parts.patience)
        for parts, chat in zip(built, chats, strict=True)
    ]
    stop = asyncio.Event()

    def worker(number: int) -> Worker:
        async def work(claim: Claim, watch: Watch) -> str | None:
            return await run_stages(claim, all_parts[number], watch, stages(recording, claim.kind))

        return Worker(services, work, all_parts[number].store)

    running = [asyncio.create_task(worker(number).run(stop)) for number in range(count)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*running)
        for parts, chat in zip(built, chats, strict=True):
            await chat.aclose()
            await parts.aclose()
