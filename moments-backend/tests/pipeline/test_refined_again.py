"""One moment refined again, as a run on real parts: by the built-in model, and by one that watches the moment's clip."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from pipeline.scripted import scripted_model
from speech.fixtures import SpeechLibrary
from speech.makers import part
from support.fakes.model_server import ModelServer, reply
from support.workers import end_of, stage_of, working
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.pipeline.run_kinds import NOT_PART, stages_of
from videomoments.pipeline.stages import STAGES
from videomoments.services.moments import MomentView
from videomoments.services.options import RunOptions
from videomoments.services.refining import Refinement, refine_moment
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services

pytestmark = pytest.mark.story


async def found(services: Services, speech: SpeechLibrary) -> tuple[str, list[MomentView]]:
    """A video with several moments, by the built-in models."""
    video, _ = await services.videos.register_local(speech.get(".mp4", part, 0.0, 80.0).path)
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(max_duration=40.0)))
    async with working(services, stages=STAGES):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    views = await services.moments.of_video(video.identifier)
    assert len(views) >= 2
    return video.identifier, views


async def refined(services: Services, video: str, moment: str, wanted: Refinement) -> RunView:
    run = await refine_moment(services, video, moment, wanted)
    async with working(services, stages=stages_of(RunKind.REFINE)):
        return await end_of(services, run.request_id)


async def spoilt(services: Services, view: MomentView) -> None:
    statement = text("UPDATE moments SET start_time = start_time + 3, title = 'Spoilt' WHERE id = :id")
    async with services.database.transaction() as session:
        await session.execute(statement, {"id": view.moment.id})


async def test_the_built_in_model_sets_one_moment_s_boundaries_anew_and_no_other_s(services: Services, speech: SpeechLibrary) -> None:
    video, (first, *others) = await found(services, speech)
    await spoilt(services, first)
    done = await refined(services, video, first.moment.identifier, Refinement(model="signal"))
    assert (done.status, done.note) == (RunStatus.COMPLETED, None), done.error
    left_out = {stage.name for stage in done.stages if (stage.status, stage.reason) == (StageStatus.SKIPPED, NOT_PART)}
    assert left_out == {StageName.AUDIO_EXTRACTION, StageName.AUDIO_UPLOAD, StageName.TRANSCRIPTION, StageName.MOMENT_GENERATION}
    worked = {stage.name for stage in done.stages if stage.status is StageStatus.COMPLETED}
    assert worked == set(StageName) - left_out
    again, *same = await services.moments.of_video(video)
    assert again.moment.identifier == first.moment.identifier
    assert (again.moment.start_time, again.moment.title) == (first.moment.start_time, first.moment.title)
    assert again.current_clip is not None
    assert [(view.moment.identifier, view.clip and view.clip.cloud_url) for view in same] == [
        (view.moment.identifier, view.clip and view.clip.cloud_url) for view in others
    ]


def answer(start: float, end: float) -> Any:
    return reply(json.dumps({"start_time": start, "end_time": end, "title": "Watched", "reason": "seen"}))


async def test_a_model_that_watches_is_sent_that_moment_s_clip_alone(services: Services, speech: SpeechLibrary) -> None:
    video, (first, *others) = await found(services, speech)
    async with ModelServer() as server:
        await services.models.put(scripted_model(server, "watcher", supports_video=True))
        server.script += [answer(4.0, 14.5)]
        done = await refined(services, video, first.moment.identifier, Refinement(model="watcher", clips="none"))
    assert done.status is RunStatus.COMPLETED, done.error
    assert stage_of(done, StageName.CLIP_EXTRACTION).status is StageStatus.COMPLETED
    assert stage_of(done, StageName.CLIP_UPLOAD).status is StageStatus.COMPLETED
    assert len(server.requests) == 1
    async with services.database.transaction() as session:
        statement = text("SELECT moment_id FROM clips JOIN pipeline_history AS run ON run.id = run_id WHERE run.kind = 'refine'")
        cut = list(await session.scalars(statement))
    assert first.parent is not None
    assert set(cut) <= {first.parent.id}
    sent = str(server.requests[0].body)
    assert "video_url" in sent
    again, *same = await services.moments.of_video(video)
    assert (again.moment.title, again.moment.engine) == ("Watched", "extractive+watcher")
    assert [view.moment.identifier for view in same] == [view.moment.identifier for view in others]


async def test_a_model_that_fails_fails_the_run_and_the_moment_stays(services: Services, speech: SpeechLibrary) -> None:
    video, (first, *_) = await found(services, speech)
    async with ModelServer() as server:
        await services.models.put(scripted_model(server, "mute"))
        server.script += [reply("no JSON") for _ in range(9)]
        done = await refined(services, video, first.moment.identifier, Refinement(model="mute"))
    assert (done.status, done.error and done.error.stage) == (RunStatus.FAILED, StageName.MOMENT_REFINEMENT)
    assert done.error is not None
    assert done.error.code == "model_bad_answer"
    [again, *_] = await services.moments.of_video(video)
    assert (again.moment.start_time, again.moment.engine) == (first.moment.start_time, first.moment.engine)
    assert again.current_clip is not None
