"""Whole runs on real parts and real speech."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sample_facts import sample_truth
from speech.fixtures import SpeechLibrary
from speech.makers import converted, part, silent, without_audio
from support.backend import accepted, run_of
from support.workers import end_of, executions, in_stage, lapse, stage_of, until, worker_process, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.demo import sample_path
from videomoments.pipeline.run_kinds import NOT_PART, stages_of
from videomoments.pipeline.stages import STAGES
from videomoments.services.editing import MomentChange
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

pytestmark = pytest.mark.story


async def _start(services: Services, path: Path, **options: Any) -> Accepted:
    video, _ = await services.videos.register_local(path)
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))


async def _objects(settings: Settings) -> set[str]:
    return {found.key async for found in configured_store(settings).list("")}


async def _nothing_left(services: Services, settings: Settings, run: Accepted) -> None:
    """Neither in the temporary folder, nor in Redis but for the documented history."""

    async def cleared() -> bool:
        return not (settings.home / "work" / run.request_id).exists() and await services.queue.depth() == 0

    await until(cleared)
    assert not await services.redis.exists(redis_keys.lock(run.video_id), redis_keys.cancel(run.video_id))


async def _watch_redis(services: Services, run: Accepted, seen: dict[str, set[str]]) -> None:
    """What a reader of the documented keys saw while the run was active."""
    while True:
        for name, value in (await services.runs.status.read(run.video_id)).items():
            seen.setdefault(name, set()).add(value)
        seen.setdefault("lock", set()).add(str(await services.redis.get(redis_keys.lock(run.video_id))))
        await asyncio.sleep(0.02)


async def test_f49_the_sample_becomes_titled_moments_with_clips_of_their_refined_bounds(services: Services, settings: Settings) -> None:
    run = await _start(services, sample_path())
    seen: dict[str, set[str]] = {}
    watch = asyncio.create_task(_watch_redis(services, run, seen))

    async def watching() -> bool:
        return "queued" in seen.get("status", set())

    await until(watching)
    async with working(services, stages=STAGES):
        done = await end_of(services, run.request_id)
        while not watch.done():  # Python 3.11's wait_for, which the client uses, may lose a cancellation
            watch.cancel()
            await asyncio.wait([watch], timeout=0.1)
        assert done.status is RunStatus.COMPLETED, done.error
        await _good_moments(services, settings, run)
        again = await services.runs.accept(run.video_id, await services.models.snapshot(RunOptions(max_moments=2, clips="none")))
        second = await end_of(services, again.request_id)
    assert done.note is None
    assert executions(done) == [1] * 8
    assert {stage.status for stage in done.stages} == {StageStatus.COMPLETED}
    _documented(seen, run)
    await _nothing_left(services, settings, run)
    _reused(second)
    assert len(await services.moments.of_video(run.video_id)) == 2
    await _cut_anew(services, run)


async def _cut_anew(services: Services, run: Accepted) -> None:
    """A boundary that a person moved: a run of its own cuts what no clip shows, and nothing else is done again."""
    first, _ = await services.moments.of_video(run.video_id)
    moved = MomentChange(end_time=first.moment.end_time - 2.0)
    await services.editing.change(run.video_id, first.moment.identifier, moved)
    again = await services.runs.accept(run.video_id, await services.models.snapshot(RunOptions()), kind=RunKind.CLIPS)
    async with working(services, stages=stages_of(RunKind.CLIPS)):
        done = await end_of(services, again.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert done.note is None
    left_out = [stage.name for stage in done.stages if stage.reason == NOT_PART]
    assert left_out == [name for name in StageName if name not in (StageName.VIDEO_DOWNLOAD, StageName.CLIP_EXTRACTION)]
    views = await services.moments.of_video(run.video_id)
    assert len(views) == 2
    for view in views:
        assert view.current_clip is not None
        assert abs(view.current_clip.end_time - view.moment.end_time) < 0.1


def _documented(seen: dict[str, set[str]], run: Accepted) -> None:
    """The keys of the overview's section 4.2 and 4.3, as they were read while the run was active."""
    assert seen["request_id"] == {run.request_id}
    assert {"queued", "processing"} <= seen["status"]
    assert seen["current_stage"] <= {name.value for name in StageName}
    assert {"TRANSCRIPTION", "MOMENT_GENERATION", "MOMENT_REFINEMENT"} <= seen["current_stage"]
    # The keys go as the last stage ends: a reader may miss that.
    for name in list(StageName)[:-1]:
        assert "completed" in seen.get(f"{name}_status", {"completed"}), name
    assert f"{run.request_id}:1" in seen["lock"]


async def _good_moments(services: Services, settings: Settings, run: Accepted) -> None:
    views = await services.moments.of_video(run.video_id)
    truth = sample_truth()
    assert len(views) >= 4
    starts = [view.moment.start_time for view in views]
    assert sum(min(abs(start - topic.start) for start in starts) < 2.0 for topic in truth.topics) >= 3
    objects = await _objects(settings)
    for view in views:
        assert view.moment.title
        assert 0 <= view.moment.start_time < view.moment.end_time <= truth.duration + 0.05
        assert view.parent is not None
        assert view.moment.is_refined
        assert view.clip is not None
        assert view.clip.cloud_url in objects
        assert abs(view.clip.start_time - view.moment.start_time) <= 0.1


def _reused(second: RunView) -> None:
    """A second run takes over what the first has stored, and says so."""
    assert second.status is RunStatus.COMPLETED
    reasons = {stage.name: stage.reason for stage in second.stages}
    assert reasons[StageName.VIDEO_DOWNLOAD] == "stored by an earlier run"
    assert reasons[StageName.AUDIO_EXTRACTION] == "extracted by an earlier run"
    assert reasons[StageName.AUDIO_UPLOAD] == "stored by an earlier run"
    assert reasons[StageName.TRANSCRIPTION] == "transcribed by an earlier run"


@pytest.mark.fault
async def test_f08_f12_a_worker_killed_in_transcription_is_replaced_without_repeating_the_stages_before(
    services: Services, settings: Settings, speech: SpeechLibrary
) -> None:
    run = await _start(services, speech.get(".mp4", part, 0.0, 45.0).path)
    with worker_process(settings, stages="real") as victim:
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        victim.kill()
    await lapse(services)
    async with working(services, stages=STAGES):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert executions(done) == [1, 1, 1, 2, 1, 1, 1, 1]
    assert (done.attempt, done.crashes) == (2, 1)
    async with services.database.transaction() as session:
        named = set(await session.scalars(text("SELECT cloud_url FROM clips")))
    assert named
    assert {key for key in await _objects(settings) if "/clips/" in key} == named, "every clip in the store is named by a row, and no other"


async def test_f29_a_cancellation_in_a_model_call_hangs_up(services: Services, settings: Settings) -> None:
    run = await _start(services, sample_path())
    async with working(services, stages=STAGES):
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        await services.runs.request_cancel(run.request_id)
        ended = await end_of(services, run.request_id)
        await _nothing_left(services, settings, run)
    assert ended.status is RunStatus.CANCELLED
    assert stage_of(ended, StageName.TRANSCRIPTION).status is StageStatus.CANCELLED


async def test_f68_without_audio_or_speech_a_run_completes_and_says_why(services: Services, speech: SpeechLibrary) -> None:
    mute = await _start(services, speech.get(".mp4", without_audio, 8.0).path)
    quiet = await _start(services, speech.get(".mp4", silent, 8.0).path)
    async with working(services, stages=STAGES):
        first, second = await end_of(services, mute.request_id), await end_of(services, quiet.request_id)
    assert (first.status, first.note) == (RunStatus.COMPLETED, "the file has no audio")
    assert stage_of(first, StageName.AUDIO_EXTRACTION).status is StageStatus.SKIPPED
    assert stage_of(first, StageName.TRANSCRIPTION).reason == "the file has no audio"
    assert (second.status, second.note) == (RunStatus.COMPLETED, "nobody speaks in this recording")
    assert stage_of(second, StageName.TRANSCRIPTION).status is StageStatus.COMPLETED
    assert stage_of(second, StageName.MOMENT_GENERATION).status is StageStatus.SKIPPED
    assert await services.moments.of_video(mute.video_id) == []
    assert await services.moments.of_video(quiet.video_id) == []


async def test_a_run_for_the_sound_alone_asks_no_model(services: Services, settings: Settings, speech: SpeechLibrary) -> None:
    video, _ = await services.videos.register_local(speech.get(".mp4", part, 0.0, 45.0).path)
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions()), kind=RunKind.AUDIO)
    async with working(services, stages=stages_of(RunKind.AUDIO)):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    completed = [stage.name for stage in done.stages if stage.status is StageStatus.COMPLETED]
    assert completed == [StageName.VIDEO_DOWNLOAD, StageName.AUDIO_EXTRACTION, StageName.AUDIO_UPLOAD]
    audio = (await services.videos.get(video.identifier)).audio_url
    assert audio in await _objects(settings)
    assert await services.transcripts.of_video(video.identifier) is None


async def test_audio_whose_time_in_the_store_is_over_is_extracted_again_for_another_transcription(
    services: Services, settings: Settings, speech: SpeechLibrary
) -> None:
    video, _ = await services.videos.register_local(speech.get(".mp4", part, 0.0, 20.0).path)
    ended = []
    for language in ("en", "en", None):
        options = await services.models.snapshot(RunOptions(language=language))
        run = await services.runs.accept(video.identifier, options, kind=RunKind.TRANSCRIBE)
        async with working(services, stages=stages_of(RunKind.TRANSCRIBE)):
            ended.append(await end_of(services, run.request_id))
        audio = (await services.videos.get(video.identifier)).audio_url
        await configured_store(settings).delete(audio or "")
    assert [done.status for done in ended] == [RunStatus.COMPLETED] * 3, [done.error for done in ended]
    same, anew = (stage_of(done, StageName.TRANSCRIPTION) for done in ended[1:])
    assert (same.reason, anew.reason) == ("transcribed by an earlier run", None)


async def test_f68_sound_alone_gets_moments_and_audio_clips(services: Services, speech: SpeechLibrary) -> None:
    run = await _start(services, speech.get(".mp3", converted, seconds=45.0).path)
    async with working(services, stages=STAGES):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    assert stage_of(done, StageName.CLIP_EXTRACTION).reason == "the file has no video"
    views = await services.moments.of_video(run.video_id)
    assert views
    for view in views:
        assert view.clip is not None
        assert view.clip.content_type.startswith("audio/")


async def _fails(services: Services, settings: Settings, run: Accepted) -> RunView:
    """A run that fails in its first stage, and leaves nothing behind."""
    before = await _objects(settings)
    async with working(services, stages=STAGES):
        ended = await end_of(services, run.request_id)
        await _nothing_left(services, settings, run)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.stage is StageName.VIDEO_DOWNLOAD
    assert ended.error.message
    assert "/" not in ended.error.message, "no path of ours"
    assert await _objects(settings) == before
    return ended


async def test_a_file_that_is_no_video_leaves_nothing_behind(services: Services, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear reader, " * 500)
    ended = await _fails(services, settings, await _start(services, path))
    assert ended.error is not None
    assert ended.error.code == "not_media"


async def test_a_file_that_is_not_there(services: Services, settings: Settings, tmp_path: Path) -> None:
    await _fails(services, settings, await _start(services, tmp_path / "missing.mp4"))


async def test_an_address_of_this_machine_is_refused(services: Services, settings: Settings) -> None:
    ended = await _fails(services, settings, await accepted(services, "http://127.0.0.1:9/talk.mp4"))
    assert ended.error is not None
    assert ended.error.code == "address_refused"
    assert (await run_of(services, ended.request_id)).stalled is False
