"""Every transition of a run: accept, claim, hand back, cancel, finish."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from support.backend import accepted, claimed, one, run_of
from support.stack import Stack
from support.workers import WATCHDOG_SECONDS, lapse, until
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, ModelError, MomentsError, NotFound, StaleAttempt, TooMany
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.core.times import now
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunFilter
from videomoments.services.runs import Accepted
from videomoments.services.stage_records import StageRecords
from videomoments.services.wiring import Services, build_services


async def test_an_accepted_run_is_queued_with_eight_pending_stages(services: Services) -> None:
    run = await run_of(services, (await accepted(services)).request_id)
    assert run.status is RunStatus.QUEUED
    assert [stage.name for stage in run.stages] == list(StageName)
    assert {stage.status for stage in run.stages} == {StageStatus.PENDING}


async def test_a_run_of_no_video_is_refused(services: Services) -> None:
    with pytest.raises(NotFound):
        await services.runs.accept("no-such-video", await services.models.snapshot(RunOptions()))


async def test_f06_of_fifty_parallel_starts_one_is_accepted(services: Services) -> None:
    video, _ = await services.videos.register_url("https://example.com/a.mp4")
    snapshot = await services.models.snapshot(RunOptions())
    answers = await asyncio.gather(*(services.runs.accept(video.identifier, snapshot) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, Accepted) for answer in answers) == 1
    refused = [answer for answer in answers if not isinstance(answer, Accepted)]
    assert {getattr(answer, "code", answer) for answer in refused} == {"run_active"}
    assert await services.queue.depth() == 1


async def test_f06_cutting_a_clip_anew_conflicts_with_nothing(services: Services) -> None:
    run = await accepted(services)
    snapshot = await services.models.snapshot(RunOptions())
    await services.runs.accept(run.video_id, snapshot, kind=RunKind.CLIPS)
    with pytest.raises(Conflict):
        await services.runs.accept(run.video_id, snapshot, kind=RunKind.REFINE)


async def test_f07_one_idempotency_key_is_one_run(services: Services) -> None:
    video, _ = await services.videos.register_url("https://example.com/a.mp4")
    snapshot = await services.models.snapshot(RunOptions())
    answers = await asyncio.gather(*(services.runs.accept(video.identifier, snapshot, idempotency_key="k") for _ in range(20)))
    assert len({answer.request_id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    claim = await services.runs.claim(answers[0].request_id, "worker-a")
    assert claim is not None
    await services.runs.finish(claim, RunStatus.COMPLETED)
    again = await services.runs.accept(video.identifier, snapshot, idempotency_key="k")
    assert (again.request_id, again.status, again.replayed) == (claim.request_id, RunStatus.COMPLETED, True)


async def test_f36_a_full_queue_says_so(stack: Stack, services: Services, settings: Settings) -> None:
    await accepted(services)
    small = build_services(settings.model_copy(update={"queue_cap": 1}))
    try:
        with pytest.raises(TooMany) as refused:
            await accepted(small, "https://example.com/b.mp4")
        assert refused.value.retry_after > 0
    finally:
        await small.close()


async def test_f36_a_place_that_gets_free_during_a_start_is_no_conflict(services: Services, settings: Settings) -> None:
    small = build_services(settings.model_copy(update={"queue_cap": 2}))
    videos = [(await services.videos.register_url(f"https://example.com/{number}.mp4"))[0].identifier for number in range(60)]
    snapshot = await services.models.snapshot(RunOptions())
    refusals: list[str] = []

    async def start(mine: list[str]) -> None:
        """Starts each until it is accepted or refused for another reason than the full queue, and makes room by the way."""
        for video in mine:
            while True:
                try:
                    run = await small.runs.accept(video, snapshot)
                except MomentsError as error:
                    refusals.append(error.code)
                    if error.code != "too_many":
                        break
                else:
                    await small.runs.claim(run.request_id, "worker-a")
                    break

    try:
        await asyncio.wait_for(asyncio.gather(*(start(videos[first::6]) for first in range(6))), WATCHDOG_SECONDS)
    finally:
        await small.close()
    assert set(refusals) == {"too_many"}, "the queue was full now and then, and no video had a run already"


async def test_of_twenty_parallel_claims_one_wins(services: Services) -> None:
    run = await accepted(services)
    claims = await asyncio.gather(*(services.runs.claim(run.request_id, f"worker-{number}") for number in range(20)))
    [won] = [claim for claim in claims if claim is not None]
    assert (won.attempt, won.crashes) == (1, 0)
    assert (await run_of(services, run.request_id)).status is RunStatus.PROCESSING


async def test_claims_that_come_together_are_each_their_own(services: Services) -> None:
    urls = [f"https://example.com/{number}.mp4" for number in range(6)]
    runs = [(await accepted(services, url)).request_id for url in urls]
    wanted = [*runs, runs[0], "of-nobody", runs[3]]
    claims = await asyncio.gather(*(services.runs.claim(request_id, f"worker-{place}") for place, request_id in enumerate(wanted)))
    assert [claim and claim.request_id for claim in claims] == [*runs, None, None, None]
    async with services.database.transaction() as session:
        rows = (await session.execute(text("SELECT identifier, owner FROM pipeline_history"))).all()
    assert {row.identifier: row.owner for row in rows} == {request_id: f"worker-{place}" for place, request_id in enumerate(runs)}


async def test_f02_of_two_attempts_that_end_together_the_newer_one_ends_the_run(services: Services) -> None:
    stale = await claimed(services)
    await lapse(services, stale.request_id)
    newer, other = await services.runs.claim(stale.request_id, "worker-b"), await claimed(services, "https://example.com/other.mp4")
    assert newer is not None
    endings = [(stale, "stale"), (newer, "newer"), (other, "other")]
    found = await asyncio.gather(
        *(services.runs.finish(claim, RunStatus.COMPLETED, note=note) for claim, note in endings), return_exceptions=True
    )
    assert [type(one) for one in found] == [StaleAttempt, type(None), type(None)]
    for claim, note in endings[1:]:
        run = await run_of(services, claim.request_id)
        assert (run.status, run.note) == (RunStatus.COMPLETED, note)


async def test_f02_a_worker_that_lost_its_claim_writes_nothing(services: Services) -> None:
    old = await claimed(services)
    await lapse(services, old.request_id)
    new = await services.runs.claim(old.request_id, "worker-b")
    assert new is not None
    assert (new.attempt, new.crashes) == (2, 1)
    records = StageRecords(services.runs)
    await records.start(new, StageName.VIDEO_DOWNLOAD, "h")
    with pytest.raises(StaleAttempt):
        await records.start(old, StageName.VIDEO_DOWNLOAD, "h")
    with pytest.raises(StaleAttempt):
        await records.complete(old, StageName.VIDEO_DOWNLOAD, {"stale": True})
    with pytest.raises(StaleAttempt):
        await records.progress(old, StageName.VIDEO_DOWNLOAD, 0.9)
    with pytest.raises(StaleAttempt):
        await services.videos.publish_audio(old, "videos/v/audio/stale-1.wav")
    with pytest.raises(StaleAttempt):
        await services.runs.finish(old, RunStatus.COMPLETED)
    assert not await services.runs.hand_back(old)
    run = await run_of(services, old.request_id)
    assert run.status is RunStatus.PROCESSING
    assert run.stages[0].executions == 1
    assert await services.redis.get(redis_keys.lock(old.video_id)) == f"{old.request_id}:2"


async def test_f02_a_worker_that_wakes_up_takes_the_counted_crash_back(services: Services) -> None:
    frozen = await claimed(services)
    await lapse(services, frozen.request_id)
    newer = await services.runs.claim(frozen.request_id, "worker-b")
    assert newer is not None
    assert newer.crashes == 1
    for _ in range(2):  # once is enough, twice is not too much
        assert not await services.runs.let_go(frozen)
        assert (await run_of(services, frozen.request_id)).crashes == 0
    await lapse(services, frozen.request_id)
    third = await services.runs.claim(frozen.request_id, "worker-c")
    assert third is not None
    assert third.crashes == 1
    assert not await services.runs.let_go(frozen)
    assert (await run_of(services, frozen.request_id)).crashes == 1, "this crash is not the first worker's to forgive"


async def test_a_lease_that_nobody_took_over_is_handed_back(services: Services) -> None:
    claim = await claimed(services)
    await lapse(services, claim.request_id)
    assert await services.runs.let_go(claim)
    again = await services.runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert (again.attempt, again.crashes) == (2, 0)


async def test_stages_that_a_failed_run_never_came_to_are_skipped(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    await services.runs.finish(claim, RunStatus.FAILED, error=ModelError("No answer."), error_stage=StageName.TRANSCRIPTION)
    stages = {stage.name: stage for stage in (await run_of(services, claim.request_id)).stages}
    assert (stages[StageName.TRANSCRIPTION].status, stages[StageName.TRANSCRIPTION].reason) == (StageStatus.FAILED, "No answer.")
    after = stages[StageName.CLIP_UPLOAD]
    assert (after.status, after.reason) == (StageStatus.SKIPPED, "the run failed before this stage")
    assert (await services.runs.status.read(claim.video_id))["CLIP_UPLOAD_status"] == "skipped"


async def test_f31_an_ended_run_moves_no_more(services: Services) -> None:
    claim = await claimed(services)
    await services.runs.finish(claim, RunStatus.COMPLETED)
    with pytest.raises(StaleAttempt):
        await services.runs.finish(claim, RunStatus.FAILED, error=MomentsError("late"))
    with pytest.raises(StaleAttempt):
        await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    assert await services.runs.claim(claim.request_id, "worker-b") is None
    assert await services.runs.request_cancel(claim.request_id) is RunStatus.COMPLETED
    assert (await services.runs.status.read(claim.video_id))["status"] == "completed"


async def test_f24_a_run_that_is_handed_back_is_taken_at_once_and_no_crash_counts(services: Services) -> None:
    claim = await claimed(services)
    depth = await services.queue.depth()
    assert await services.runs.hand_back(claim)
    assert await services.queue.depth() == depth + 1, "the bell rings again"
    again = await services.runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert (again.attempt, again.crashes) == (2, 0)


async def test_a_queued_run_is_cancelled_by_the_asker(services: Services) -> None:
    run = await accepted(services)
    assert await services.runs.request_cancel(run.request_id) is RunStatus.CANCELLED
    assert await services.runs.claim(run.request_id, "worker-a") is None
    assert not await services.redis.exists(redis_keys.lock(run.video_id), redis_keys.cancel(run.video_id))
    assert (await services.runs.status.read(run.video_id))["status"] == "cancelled"
    assert await services.redis.exists(redis_keys.run(run.request_id))
    await accepted(services)


async def test_f27_a_cancellation_has_no_time_to_live(services: Services) -> None:
    claim = await claimed(services)
    assert await services.runs.request_cancel(claim.request_id) is RunStatus.PROCESSING
    await services.redis.flushdb()  # five minutes are over, and more
    await lapse(services, claim.request_id)
    assert await services.runs.claim(claim.request_id, "worker-b") is None
    assert await services.runs.request_cancel(claim.request_id) is RunStatus.CANCELLED


async def test_a_held_run_is_asked_to_end_and_its_worker_ends_it(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    assert await services.runs.request_cancel(claim.request_id) is RunStatus.PROCESSING
    await services.runs.finish(claim, RunStatus.CANCELLED)
    run = await run_of(services, claim.request_id)
    assert run.status is RunStatus.CANCELLED
    assert run.stages[3].status is StageStatus.CANCELLED
    assert run.completed_at is not None


async def test_cancel_of_an_unknown_run(services: Services) -> None:
    with pytest.raises(NotFound):
        await services.runs.request_cancel("no-such-run")


@pytest.mark.parametrize("ending", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
async def test_f10_every_ending_writes_history(services: Services, ending: RunStatus) -> None:
    claim = await claimed(services)
    error = ModelError("No answer.", advice="Start it.") if ending is RunStatus.FAILED else None
    await services.runs.finish(claim, ending, error=error, error_stage=StageName.TRANSCRIPTION if error else None, note=None)
    [row] = await services.run_queries.history(claim.video_id)
    assert row.status is ending
    assert row.duration_seconds is not None
    assert row.completed_at is not None
    assert (row.error is not None) == (ending is RunStatus.FAILED)
    if row.error is not None:
        assert (row.error.code, row.error.stage, row.error.advice) == ("model_error", StageName.TRANSCRIPTION, "Start it.")
    assert await services.redis.zrange(redis_keys.history(claim.video_id), 0, -1) == [claim.request_id]


async def test_claims_against_cancellations_leave_each_run_with_one_fate(services: Services) -> None:
    """Whoever comes first decides; a run is never both cancelled and worked on."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    runs = [await accepted(services, f"https://example.com/{number}.mp4") for number in range(12)]

    async def later(call: object) -> object:
        await asyncio.sleep(chance.uniform(0, 0.02))
        return await call  # type: ignore[misc]

    for run in runs:
        claim, status = await asyncio.gather(
            later(services.runs.claim(run.request_id, "worker-a")), later(services.runs.request_cancel(run.request_id))
        )
        row = await run_of(services, run.request_id)
        if claim is None:
            assert status is RunStatus.CANCELLED
            assert row.status is RunStatus.CANCELLED
        else:
            assert status is RunStatus.PROCESSING
            assert row.status is RunStatus.PROCESSING


async def test_f05_a_run_that_redis_never_heard_of_is_accepted(stack: Stack, services: Services, settings: Settings) -> None:
    deaf = build_services(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    try:
        run = await accepted(deaf)
        assert (await run_of(services, run.request_id)).status is RunStatus.QUEUED
        assert await services.queue.depth() == 0
    finally:
        await deaf.close()


async def test_f05_an_announcement_that_comes_after_the_end_leaves_no_lock(services: Services) -> None:
    run = await accepted(services)
    await services.runs.request_cancel(run.request_id)
    await services.runs.announce(run.request_id, run.video_id, await services.models.snapshot(RunOptions()), now())
    assert not await services.redis.exists(redis_keys.lock(run.video_id))
    assert (await services.runs.status.read(run.video_id))["status"] == "cancelled"


async def test_f30_a_run_without_a_worker_is_stalled(services: Services) -> None:
    claim = await claimed(services)
    assert not (await run_of(services, claim.request_id)).stalled
    await lapse(services, claim.request_id)

    async def stalled() -> bool:
        return (await run_of(services, claim.request_id)).stalled

    await until(stalled)
    assert (await run_of(services, claim.request_id)).status is RunStatus.PROCESSING


async def test_f30_a_queued_run_is_stalled_when_no_worker_lives(services: Services) -> None:
    run = await accepted(services)
    assert not (await run_of(services, run.request_id)).stalled, "it has only just come"
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE pipeline_history SET queued_at = now() - interval '1 minute'"))
    assert (await run_of(services, run.request_id)).stalled
    async with services.database.transaction() as session:
        await session.execute(text("INSERT INTO workers (name, host, pid) VALUES ('worker-a', 'here', 1)"))
    assert not (await run_of(services, run.request_id)).stalled


async def test_f32_the_answers_are_the_same_after_redis_was_emptied(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.VIDEO_DOWNLOAD, "h")
    before = await run_of(services, claim.request_id)
    await services.redis.flushdb()
    assert await run_of(services, claim.request_id) == before
    # The next write of the run makes its mirror anew.
    await StageRecords(services.runs).complete(claim, StageName.VIDEO_DOWNLOAD, {})
    active = await services.runs.status.read(claim.video_id)
    assert (active["request_id"], active["status"], active["VIDEO_DOWNLOAD_status"]) == (claim.request_id, "processing", "completed")
    assert await services.redis.get(redis_keys.lock(claim.video_id)) == f"{claim.request_id}:1"


async def test_f70_no_session_stays_open(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.VIDEO_DOWNLOAD, "h")
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'videomoments'"
    assert await one(services, idle) == 0


async def test_lists_are_newest_first(services: Services) -> None:
    first, second = await accepted(services), await accepted(services, "https://example.com/b.mp4")
    rows = await services.run_queries.page(limit=5)
    assert [row.request_id for row in rows] == [second.request_id, first.request_id]
    before = (rows[0].created_at + timedelta(0), rows[0].run_id)
    assert [row.request_id for row in await services.run_queries.page(before=before)] == [first.request_id]
    assert await services.run_queries.page(RunFilter(status=RunStatus.COMPLETED)) == []
