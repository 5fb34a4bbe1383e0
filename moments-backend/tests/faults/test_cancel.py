"""A cancellation reaches the inside of a stage: the media child, an upload, a call to a model. Real stages; only the far side is played."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from faults.world import draw_source
from support.backend import accepted, clean_services, ended, one, run_of
from support.fakes.failing_s3 import FailingS3
from support.fakes.model_server import ModelServer, hang
from support.processes import media_children
from support.workers import end_of, lapse, stage_of, until, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunOptions
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

pytestmark = pytest.mark.fault


async def _start(services: Services, folder: Path, **options: str) -> Accepted:
    video, _ = await services.videos.register_local(draw_source(folder))
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))


async def _cancelled(services: Services, settings: Settings, run: Accepted, stage: StageName) -> None:
    assert await services.runs.request_cancel(run.request_id) is RunStatus.PROCESSING
    over = await end_of(services, run.request_id)

    async def cleared() -> bool:
        return not (settings.work_folder / run.request_id).exists() and not media_children()

    await until(cleared)
    assert over.status is RunStatus.CANCELLED
    assert stage_of(over, stage).status is StageStatus.CANCELLED
    assert {one.reason for one in over.stages if one.status is StageStatus.SKIPPED} == {"the run was cancelled before this stage"}
    assert not await services.redis.exists(redis_keys.lock(run.video_id))


async def test_f29_a_cancellation_inside_the_media_child_ends_it(services: Services, settings: Settings, tmp_path: Path) -> None:
    run = await _start(services, tmp_path)
    async with working(services, stages=STAGES):

        async def child() -> bool:
            return bool(media_children())

        await until(child)
        for process in media_children():
            os.killpg(process.pid, signal.SIGSTOP)  # it would be done too soon, and now not even a request would end it
        await _cancelled(services, settings, run, StageName.VIDEO_DOWNLOAD)


async def test_f29_a_cancellation_inside_a_model_call_hangs_up(services: Services, settings: Settings, tmp_path: Path) -> None:
    async with ModelServer() as server, working(services, stages=STAGES):
        server.script += [hang()]
        model = ModelConfig(key="asr", kind=ModelKind.ASR, endpoint="/transcribe", model_name="asr", base_url=server.url)
        await services.models.put(model)
        run = await _start(services, tmp_path, transcription_model="asr")

        async def asked() -> bool:
            return bool(server.requests)

        await until(asked)
        await _cancelled(services, settings, run, StageName.TRANSCRIPTION)


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FailingS3]:
    async with FailingS3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


async def test_f29_a_cancellation_inside_an_upload_leaves_nothing_visible(
    services: Services, settings: Settings, bucket: FailingS3, tmp_path: Path
) -> None:
    remote = settings.model_copy(update={"storage_url": f"s3://{bucket.bucket}"})
    async for connected in clean_services(remote):
        run = await _start(connected, tmp_path)
        bucket.frozen = True
        async with working(connected, stages=STAGES):

            async def uploading() -> bool:
                return bucket.waiting > 0

            await until(uploading)
            await _cancelled(connected, remote, run, StageName.VIDEO_DOWNLOAD)
            bucket.frozen = False
            await asyncio.sleep(0.5)
    assert bucket.objects == {}


async def test_f27_a_run_cancelled_in_the_queue_never_runs(services: Services) -> None:
    """Ten minutes go by without a worker: every key of Redis with a shorter life is gone."""
    queued = await accepted(services, "https://example.com/queued.mp4")
    begun = await accepted(services, "https://example.com/begun.mp4")
    assert await services.runs.claim(begun.request_id, "worker-that-dies") is not None
    assert await services.runs.request_cancel(queued.request_id) is RunStatus.CANCELLED
    assert await services.runs.request_cancel(begun.request_id) is RunStatus.PROCESSING
    async with services.database.transaction() as session:
        times = ("created_at", "enqueued_at", "cancel_requested_at")
        clock = ", ".join(f"{name} = {name} - interval '10 minutes'" for name in times)
        await session.execute(text(f"UPDATE pipeline_history SET {clock}"))
    await lapse(services)
    await services.redis.delete(redis_keys.cancel(begun.video_id), redis_keys.cancel(queued.video_id))
    async with working(services):

        async def both_over() -> bool:
            return all([ended(await run_of(services, run.request_id)) for run in (queued, begun)])

        await until(both_over)
    for run in (queued, begun):
        over = await run_of(services, run.request_id)
        assert over.status is RunStatus.CANCELLED
        assert [stage.executions for stage in over.stages] == [0] * 8
    assert await one(services, "SELECT max(attempt) FROM pipeline_history") == 1
