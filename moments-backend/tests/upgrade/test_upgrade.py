"""A data folder and an active run of an earlier version are taken up by this one, whatever stage the run had got to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from support.backend import run_of, settings_over
from support.fakes.model_server import ModelServer
from support.stack import Stack
from support.workers import end_of, executions, lapse, working
from upgrade.earlier import Earlier
from upgrade.record import MODELS, spoken
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.db.migrate import HEAD, current_revision, upgrade
from videomoments.demo import sample_path
from videomoments.media.engine import MediaEngine
from videomoments.media.types import MediaInfo
from videomoments.pipeline.stages import STAGES, video_download
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services, build_services
from videomoments.storage import configured_store

VERSION, REVISION = "1e9270a", "0008"
NAMES = list(StageName)
# Stages that this version does again though the old worker had finished them. Sound and cut clips lay in that worker's own folder until
# the next stage stored them. Prompts have changed since, and what can be said of a model: it is asked again. Its moments are the same here,
# so their stored clips hold.
AGAIN = {
    StageName.AUDIO_EXTRACTION: {StageName.AUDIO_EXTRACTION},
    StageName.MOMENT_GENERATION: {StageName.MOMENT_GENERATION},
    StageName.CLIP_EXTRACTION: {StageName.MOMENT_GENERATION, StageName.CLIP_EXTRACTION},
    StageName.CLIP_UPLOAD: {StageName.MOMENT_GENERATION},
    StageName.MOMENT_REFINEMENT: {StageName.MOMENT_GENERATION, StageName.MOMENT_REFINEMENT},
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample's speech audio and its waveform."""
    engine, folder = MediaEngine(), tmp_path_factory.mktemp("audio")

    async def extract() -> None:
        info = await engine.probe(sample_path())
        await engine.extract_audio(sample_path(), folder / "audio.wav", info, waveform=folder / "audio.waveform")

    asyncio.run(extract())
    return folder


@asynccontextmanager
async def upgraded(state: str, url: str, stack: Stack, home: Path, audio: Path, **changed: Any) -> AsyncIterator[Services]:
    """Services over an installation that the earlier version left in that state, after `moments db upgrade`."""
    earlier = Earlier(VERSION, REVISION, state)
    await earlier.fill_database(url)
    assert await current_revision(url) == REVISION
    assert await upgrade(url) is True
    assert await current_revision(url) == HEAD
    settings = settings_over(stack, home, database_url=url, **changed)
    fill_store(settings, earlier, audio)
    services = build_services(settings)
    try:
        await services.redis.flushdb()
        await earlier.fill_redis(services.redis)
        await lapse(services)
        await services.models.seed()
        yield services
    finally:
        await services.close()


def fill_store(settings: Settings, earlier: Earlier, audio: Path) -> None:
    """Every object that the store held, where the earlier version laid it: the source, its sound, and stand-ins for pictures and clips."""
    for key in earlier.objects:
        path = settings.home / "store" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {"source": sample_path(), "audio": audio / f"audio{path.suffix}"}.get(path.parent.name)
        if made is not None:
            shutil.copy(made, path)
        else:
            path.write_bytes(b"made by an earlier version")


async def only_run(services: Services) -> RunView:
    [run] = await services.run_queries.page()
    return await run_of(services, run.request_id)


async def clips_are_whole(services: Services, run: RunView) -> None:
    """Each moment is refined, and has a clip of its bounds whose object is there."""
    store = configured_store(services.settings)
    views = await services.moments.of_video(run.video_id)
    assert len(views) == 2
    for view in views:
        assert view.parent is not None
        assert view.clip is not None
        assert abs(view.clip.start_time - view.moment.start_time) <= 0.1
        assert abs(view.clip.end_time - view.moment.end_time) <= 0.1
        await store.head(view.clip.cloud_url)


@pytest.mark.parametrize("last", NAMES)
async def test_an_active_run_goes_on_after_the_stage_that_the_old_worker_finished(
    last: StageName, empty: str, stack: Stack, tmp_path: Path, audio: Path
) -> None:
    async with (
        ModelServer(models=MODELS, words=spoken()) as server,
        upgraded(last.value, empty, stack, tmp_path, audio, models_url=server.url) as services,
    ):
        before = await only_run(services)
        old_map = await media_info(services)
        async with working(services, stages=STAGES):
            done = await end_of(services, before.request_id)
        assert done.status is RunStatus.COMPLETED, done.error
        assert {stage.status for stage in done.stages} == {StageStatus.COMPLETED}
        assert done.attempt == 2
        twice = AGAIN.get(last, set())
        assert executions(done) == [2 if name in twice else 1 for name in NAMES]
        await clips_are_whole(services, done)
        heard = [request for request in server.requests if request.path == "/transcribe"]
        assert len(heard) == (NAMES.index(last) < NAMES.index(StageName.TRANSCRIPTION))
        # A recording keeps the map of its clock that it was measured with.
        assert await media_info(services) == old_map


async def media_info(services: Services) -> MediaInfo:
    async with services.database.transaction() as session:
        return MediaInfo.from_dict(await session.scalar(text("SELECT media_info FROM videos")))


async def test_a_queued_run_is_done_as_it_was_accepted(
    empty: str, stack: Stack, tmp_path: Path, audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetched(*_: Any, **__: Any) -> video_download._Source:
        return video_download._Source(sample_path(), "talk.mp4")

    monkeypatch.setattr(video_download, "_fetch", fetched)
    async with (
        ModelServer(models=MODELS, words=spoken()) as server,
        upgraded("accepted", empty, stack, tmp_path, audio, models_url=server.url) as services,
    ):
        run = await only_run(services)
        assert run.status is RunStatus.QUEUED
        async with working(services, stages=STAGES):
            done = await end_of(services, run.request_id)
        assert done.status is RunStatus.COMPLETED, done.error
        assert executions(done) == [1] * 8
        await clips_are_whole(services, done)


async def test_an_ended_run_is_shown_with_its_moments(empty: str, stack: Stack, tmp_path: Path, audio: Path) -> None:
    earlier = Earlier(VERSION, REVISION, "ended")
    async with upgraded("ended", empty, stack, tmp_path, audio) as services:
        run = await only_run(services)
        assert (run.status, run.attempt, executions(run)) == (RunStatus.COMPLETED, 1, [1] * 8)
        assert (await services.run_queries.latest(run.video_id)).request_id == run.request_id
        views = await services.moments.of_video(run.video_id)
        rows = {row["identifier"]: row for row in earlier.rows("moments")}
        assert len(views) == 2
        for view in views:
            row = rows[view.moment.identifier]
            assert (view.moment.title, view.moment.start_time, view.moment.end_time) == (row["title"], row["start_time"], row["end_time"])
            assert view.clip is not None
            assert view.clip.cloud_url in earlier.objects
        transcript = await services.transcripts.of_video(run.video_id)
        assert transcript is not None
        assert transcript.full_text.startswith("Dough rises because yeast")
