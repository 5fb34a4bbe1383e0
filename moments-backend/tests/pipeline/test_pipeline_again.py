"""Real stages that run again on real parts: after a late kill only what was not finished, and whatever runs twice leaves one of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from speech.fixtures import SpeechLibrary
from speech.makers import part
from support.backend import run_of
from support.fakes.hold import Hold
from support.workers import end_of, executions, lapse, until, worker_process, working
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.pipeline.checkpoints import Checkpoint
from videomoments.pipeline.orchestrator import run_stages
from videomoments.pipeline.stage import ProgressClock, Stage, StageAdapters, StageContext
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunOptions
from videomoments.services.runs import Accepted, Claim
from videomoments.services.wiring import Services

pytestmark = pytest.mark.story

# What a repeated stage would change: the objects' names hold the attempt, questions to models are kept with theirs.
_LEFT = {
    "sources": "SELECT cloud_url, audio_url FROM videos",
    "transcripts": "SELECT id, created_at FROM transcripts",
    "originals": "SELECT id, identifier, start_time, end_time, title FROM moments WHERE parent_id IS NULL ORDER BY id",
    "input clips": "SELECT id, cloud_url FROM clips WHERE kind = 'input' ORDER BY id",
    "video's still": "SELECT id, cloud_url FROM thumbnails WHERE clip_id IS NULL",
    "questions": "SELECT stage, attempt, asked FROM model_calls WHERE stage = 'MOMENT_GENERATION' ORDER BY id",
}
# What there is one of, by what it belongs to.
_OF_EACH = {
    "moments": "SELECT id, parent_id, position, start_time, end_time, title FROM moments ORDER BY id",
    "clips": "SELECT id, moment_id, kind, start_time, end_time FROM clips ORDER BY id",
    "thumbnails": "SELECT id, video_id, clip_id FROM thumbnails ORDER BY id",
}


async def _start(services: Services, path: Path) -> Accepted:
    video, _ = await services.videos.register_local(path)
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions()))


async def _rows(services: Services, questions: dict[str, str]) -> dict[str, list[Any]]:
    async with services.database.transaction() as session:
        return {name: [tuple(row) for row in await session.execute(text(question))] for name, question in questions.items()}


@pytest.mark.fault
async def test_f12_a_run_killed_in_its_last_stage_repeats_no_other(
    services: Services, settings: Settings, speech: SpeechLibrary, tmp_path: Path
) -> None:
    hold = Hold(tmp_path)
    run = await _start(services, speech.get(".mp4", part, 0.0, 45.0).path)
    hold.ask(run.request_id, StageName.MOMENT_REFINEMENT, "before")

    async def held() -> bool:
        return hold.is_held(run.request_id)

    with worker_process(settings, stages="held", HOLD_FOLDER=str(tmp_path)) as victim:
        await until(held)
        victim.kill()
    before = await _rows(services, _LEFT)
    assert all(before.values()), "each stage before the last has left something"
    await lapse(services)
    async with working(services, stages=STAGES):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert (done.attempt, done.crashes) == (2, 1)
    assert executions(done) == [1, 1, 1, 1, 1, 1, 1, 2]
    assert await _rows(services, _LEFT) == before


async def _no_checkpoint_counts(_: StageContext, __: Checkpoint) -> bool:
    return False


def _unwatched(_: ProgressClock, __: float) -> None:
    return


async def _claimed(services: Services, run: Accepted) -> Claim:
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    return claim


async def test_f14_stages_that_run_twice_leave_one_of_each(services: Services, parts: StageAdapters, speech: SpeechLibrary) -> None:
    """As if a worker had died each time between what a stage wrote and its checkpoint."""
    run = await _start(services, speech.get(".mp4", part, 0.0, 45.0).path)
    claim = await _claimed(services, run)
    await run_stages(claim, parts, _unwatched, STAGES)
    first = await _rows(services, _OF_EACH)
    assert len(first["clips"]) == len(first["moments"]), "an input clip for each original, a delivered one for each refined moment"
    assert len(first["thumbnails"]) == 1 + len(first["clips"]) // 2

    # A source that is gone from the store is fetched again, and its still is made again with it.
    await parts.store.delete((await services.videos.get(run.video_id)).cloud_url or "")
    # A stage leaves alone a clip that holds what it would cut: none does.
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE clips SET end_time = end_time + 3"))
    await services.runs.hand_back(claim)
    anew: tuple[Stage, ...] = tuple(replace(stage, checkpoint_valid=_no_checkpoint_counts) for stage in STAGES)
    await run_stages(await _claimed(services, run), parts, _unwatched, anew)
    assert executions(await run_of(services, run.request_id)) == [2] * 8
    assert await _rows(services, _OF_EACH) == first
