"""A run that ended badly is taken up again where it ended."""

from __future__ import annotations

import asyncio

import pytest

from support.backend import accepted, claimed, one, run_of
from support.workers import end_of, executions, working
from videomoments.core.errors import Conflict, ModelError, MomentsError, NotFound, RunActive, StaleAttempt
from videomoments.core.names import RunKind, RunStatus, StageName, StageStatus
from videomoments.services.options import RunOptions
from videomoments.services.retrying import retry_run
from videomoments.services.runs import Claim
from videomoments.services.stage_records import StageRecords
from videomoments.services.wiring import Services

_URL = "https://example.com/talk.mp4"


async def failed(services: Services) -> Claim:
    """A run whose second stage failed."""
    claim = await claimed(services)
    records = StageRecords(services.runs)
    await records.start(claim, StageName.VIDEO_DOWNLOAD, "h")
    await records.complete(claim, StageName.VIDEO_DOWNLOAD, {"kept": 1})
    await records.start(claim, StageName.AUDIO_EXTRACTION, "h")
    await services.runs.finish(claim, RunStatus.FAILED, error=ModelError("It hung up."), error_stage=StageName.AUDIO_EXTRACTION)
    return claim


async def test_what_was_finished_stays_and_all_else_is_to_be_done(services: Services) -> None:
    claim = await failed(services)
    again = await retry_run(services, claim.request_id)
    assert (again.request_id, again.status) == (claim.request_id, RunStatus.QUEUED)
    run = await run_of(services, claim.request_id)
    assert (run.status, run.error, run.started_at, run.completed_at, run.duration_seconds) == (RunStatus.QUEUED, None, None, None, None)
    assert [stage.status for stage in run.stages] == [StageStatus.COMPLETED] + [StageStatus.PENDING] * 7
    assert {stage.reason for stage in run.stages} == {None}
    assert await services.queue.depth() == 2, "the bell has rung again"
    assert (await services.runs.status.read(run.video_id))["status"] == "queued"
    second = await services.runs.claim(claim.request_id, "worker-b")
    assert second is not None
    assert (second.attempt, second.crashes) == (2, 0), "the fence goes on rising"
    with pytest.raises(StaleAttempt):
        await services.runs.finish(claim, RunStatus.COMPLETED)


async def test_a_worker_goes_on_at_the_stage_that_failed(services: Services) -> None:
    script = '{"MOMENT_GENERATION": {"raise": "input", "attempts": [1]}}'
    async with working(services):
        run = await accepted(services, prompt=script)
        assert (await end_of(services, run.request_id)).status is RunStatus.FAILED
        await retry_run(services, run.request_id)
        done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED
    assert executions(done) == [1, 1, 1, 1, 2, 1, 1, 1]


async def test_f11_a_dead_letter_is_put_back_by_hand_alone(services: Services) -> None:
    claim = await claimed(services)
    error = MomentsError("It ended its worker 3 times.", code="dead_letter")
    await services.runs.finish(claim, RunStatus.FAILED, error=error)
    assert await services.runs.claim(claim.request_id, "worker-b") is None
    await one(services, "UPDATE pipeline_history SET crashes = 3 RETURNING 1")
    await retry_run(services, claim.request_id)
    again = await services.runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert again.crashes == 0


async def test_a_cancelled_run_can_be_taken_up_too(services: Services) -> None:
    run = await accepted(services)
    await services.runs.request_cancel(run.request_id)
    await retry_run(services, run.request_id)
    assert await services.runs.claim(run.request_id, "worker-a") is not None


async def test_the_models_are_taken_as_they_are_configured_now(services: Services) -> None:
    claim = await failed(services)
    model = await services.models.get(claim.snapshot.generation.key)
    await services.models.put(model.model_copy(update={"max_concurrency": 7}))
    await retry_run(services, claim.request_id)
    again = await services.runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert again.snapshot.generation.max_concurrency == 7
    assert again.snapshot.options == claim.snapshot.options


async def test_f31_what_may_not_be_retried(services: Services) -> None:
    claim = await claimed(services)
    for code in ("run_not_failed", "nothing_to_refine"):
        if code == "nothing_to_refine":
            await services.runs.finish(claim, RunStatus.COMPLETED)
        with pytest.raises(Conflict) as refused:
            await retry_run(services, claim.request_id)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await retry_run(services, "none")


async def test_an_older_run_than_the_newest_is_not_retried(services: Services) -> None:
    old = await failed(services)
    await accepted(services, _URL)
    with pytest.raises(Conflict) as refused:
        await retry_run(services, old.request_id)
    assert refused.value.code == "run_superseded"
    assert (await run_of(services, old.request_id)).status is RunStatus.FAILED


async def test_beside_an_active_run_of_another_kind_it_names_that_run(services: Services) -> None:
    old = await failed(services)
    snapshot = await services.models.snapshot(RunOptions())
    active = await services.runs.accept(old.video_id, snapshot, kind=RunKind.GENERATE)
    with pytest.raises(RunActive) as refused:
        await retry_run(services, old.request_id)
    assert (refused.value.code, refused.value.request_id, refused.value.run_status) == ("run_active", active.request_id, "queued")


async def test_twenty_retries_at_once_are_one(services: Services) -> None:
    claim = await failed(services)
    answers = await asyncio.gather(*(retry_run(services, claim.request_id) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Conflict)} == {"run_not_failed"}
