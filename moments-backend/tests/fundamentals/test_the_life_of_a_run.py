"""How a run lives, told for somebody who is new here. Read from the top; each story builds on the one before.

PostgreSQL holds the state: a run is a row of `pipeline_history`. Redis wakes workers (the stream) and mirrors the state (status, lock,
history). `services/runs.py` holds every step that these stories take.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend import run_of
from support.workers import end_of, executions, in_stage, lapse, until, worker_process, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.errors import StaleAttempt
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.pipeline.orchestrator import run_stages
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.options import RunOptions
from videomoments.services.runs import Accepted
from videomoments.services.stage_records import StageRecords
from videomoments.services.wiring import Services
from videomoments.worker.app import build_adapters
from videomoments.worker.reconciler import Reconciler


async def _accept(services: Services, prompt: str = "") -> Accepted:
    # A video is a source that somebody named. Its bytes come later, in the first stage.
    video, _ = await services.videos.register_url("https://example.com/talk.mp4")
    # The snapshot is what the run will go by, whatever is configured meanwhile: the options and the models they name.
    snapshot = await services.models.snapshot(RunOptions(prompt=prompt, max_moments=5))
    return await services.runs.accept(video.identifier, snapshot)


async def _is_shown_as_stalled(services: Services, request_id: str) -> None:
    async def stalled() -> bool:
        return (await run_of(services, request_id)).stalled

    await until(stalled)


async def test_accept_claim_stages_finish(services: Services) -> None:
    # Accepted: the row is committed, then the bell rings. From here on nothing can lose the run.
    run = await _accept(services)
    assert (await run_of(services, run.request_id)).status is RunStatus.QUEUED
    assert await services.queue.depth() == 1

    # A worker hears the bell and claims the run: one statement, one winner. `attempt` is its fence.
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    assert claim.attempt == 1
    assert await services.runs.claim(run.request_id, "worker-b") is None

    # It takes the run through its stages. Each leaves a checkpoint, in a transaction that first compares the fence.
    records = StageRecords(services.runs)
    for name in StageName:
        await records.start(claim, name, input_hash="what it works on")
        await records.complete(claim, name, {"made": name.value.lower()})

    # It ends the run, and history has it.
    await services.runs.finish(claim, RunStatus.COMPLETED)
    [past] = await services.run_queries.history(run.video_id)
    assert past.status is RunStatus.COMPLETED
    assert {stage.status for stage in past.stages} == {StageStatus.COMPLETED}
    assert not await services.redis.exists(redis_keys.lock(run.video_id))


async def test_a_worker_dies_and_another_goes_on_where_it_was(services: Services) -> None:
    run = await _accept(services)
    first = await services.runs.claim(run.request_id, "worker-a")
    assert first is not None
    records = StageRecords(services.runs)
    await records.start(first, StageName.VIDEO_DOWNLOAD, "source")
    await records.complete(first, StageName.VIDEO_DOWNLOAD, {"cloud_url": "videos/v/source/r-1.mp4"})
    await records.start(first, StageName.AUDIO_EXTRACTION, "source")

    # Worker A dies here. Nobody renews its lease, so it lapses. The run shows as stalled meanwhile.
    await lapse(services, run.request_id)  # a lease's time, without waiting for it
    await _is_shown_as_stalled(services, run.request_id)

    # The next claim counts a crash; three of them make a dead letter of a run that ends its workers.
    second = await services.runs.claim(run.request_id, "worker-b")
    assert second is not None
    assert (second.attempt, second.crashes) == (2, 1)

    # Worker B finds the checkpoint of the finished stage, and begins the broken one anew.
    earlier = await records.load(second)
    assert earlier[StageName.VIDEO_DOWNLOAD].status is StageStatus.COMPLETED
    assert earlier[StageName.VIDEO_DOWNLOAD].checkpoint == {"cloud_url": "videos/v/source/r-1.mp4"}
    assert earlier[StageName.AUDIO_EXTRACTION].status is StageStatus.PROCESSING

    # Was A only frozen, and does it wake up now? Its attempt is old: whatever it writes is refused.
    with pytest.raises(StaleAttempt):
        await records.complete(first, StageName.AUDIO_EXTRACTION, {})


@pytest.mark.fault
async def test_a_worker_process_is_killed_and_the_next_worker_finishes_the_run(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    # The same with real workers, and stages that do what the run's prompt says: here the second one never ends, in the first attempt.
    endless = {StageName.AUDIO_EXTRACTION: {"held": str(tmp_path / "never"), "attempts": [1]}}
    run = await _accept(services, prompt=json.dumps(endless))
    with worker_process(settings) as first:
        await in_stage(services, run.request_id, StageName.AUDIO_EXTRACTION)
        first.kill()  # SIGKILL: it says goodbye to nobody

    # The entry still is the dead worker's, and so is the row, until its lease has lapsed. The next worker takes over both.
    await lapse(services, run.request_id)
    async with working(services):
        done = await end_of(services, run.request_id)

    # The finished stage was not run again; the broken one began anew, in an attempt that counts as one crash of a worker.
    assert done.status is RunStatus.COMPLETED
    assert (done.attempt, done.crashes) == (2, 1)
    assert executions(done) == [1, 2, 1, 1, 1, 1, 1, 1]
    assert await services.queue.depth() == 0


async def test_redis_forgets_everything_and_the_run_is_found_again(services: Services) -> None:
    run = await _accept(services)
    await services.redis.flushall()
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE pipeline_history SET enqueued_at = now() - interval '1 minute'"))

    # A reconciler runs in every worker: it puts rows that nobody tends back into the stream.
    assert await Reconciler(services, "worker-a").run_once() == 1
    [entry] = await services.queue.read("worker-a", 1, 100)
    assert entry.request_id == run.request_id

    # An entry too many does no harm: it dies at the claim.
    assert await services.runs.claim(entry.request_id, "worker-a") is not None
    assert await services.runs.claim(entry.request_id, "worker-a") is None


async def test_a_person_cancels(services: Services) -> None:
    # Nobody works on it yet: whoever asks, ends it.
    waiting = await _accept(services)
    assert await services.runs.request_cancel(waiting.request_id) is RunStatus.CANCELLED

    # A worker has it: the row says that it is wanted no more, and the worker, which looks every second, ends it.
    running = await _accept(services)
    claim = await services.runs.claim(running.request_id, "worker-a")
    assert claim is not None
    assert await services.runs.request_cancel(running.request_id) is RunStatus.PROCESSING
    assert await services.redis.get(redis_keys.cancel(running.video_id)) == running.request_id
    await services.runs.finish(claim, RunStatus.CANCELLED)
    assert [past.status for past in await services.run_queries.history(running.video_id)] == [RunStatus.CANCELLED] * 2


async def test_a_stage_is_one_function_and_a_declaration(services: Services) -> None:
    """Two stages of our own, taken through a run by hand, then by a real worker."""

    async def measure(context: StageContext) -> Outcome:
        context.report(0.5)  # progress, and the sign of life that keeps the lease
        return Outcome({"seconds": 90})

    async def publish(context: StageContext) -> Outcome:
        seconds = context.checkpoints[StageName.VIDEO_DOWNLOAD]["seconds"]  # what an earlier stage left
        return Outcome({"said": f"{seconds} s"}, reason="for the tutorial")

    async def never(_: StageContext) -> str | None:
        return "nobody needs it"

    stages = (
        Stage(name=StageName.VIDEO_DOWNLOAD, run=measure),
        Stage(name=StageName.AUDIO_EXTRACTION, run=measure, skip=never),
        Stage(name=StageName.MOMENT_REFINEMENT, run=publish),
    )

    # By hand: what a worker does with a claim.
    run = await _accept(services)
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    parts = build_adapters(services.settings, services)
    note = await run_stages(claim, parts, lambda clock, seconds: None, stages)
    assert note == "nobody needs it"
    await services.runs.finish(claim, RunStatus.COMPLETED, note=note)
    stage = {stage.name: stage for stage in (await run_of(services, run.request_id)).stages}
    assert stage[StageName.AUDIO_EXTRACTION].status is StageStatus.SKIPPED
    assert stage[StageName.AUDIO_EXTRACTION].reason == "nobody needs it"
    assert stage[StageName.MOMENT_REFINEMENT].reason == "for the tutorial"

    # By workers: three of them, one run, and each stage runs once.
    run = await _accept(services)
    async with working(services, count=3, stages=stages):
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED
    assert executions(done) == [1, 0, 0, 0, 0, 0, 0, 1]
    await parts.aclose()
