"""Runs whose model dies under a real worker: they wait, they hold nobody up, and they end well."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.scripted import Recording, scripted_model, start, workers
from support.backend import run_of, settings_over
from support.fakes.model_server import ModelServer, hang
from support.stack import Stack
from support.workers import end_of, stage_of, until
from videomoments.core.config import Limits, Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.inference.retry import RetryPolicy
from videomoments.services.retrying import retry_run
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

LINES = tuple((n * 10.0, n * 10.0 + 9.0, f"This is sentence {n}, and it says something.") for n in range(30))
TALK = Recording(300.0, LINES)
QUICK = RetryPolicy(unreachable=0, first_wait=0.01, longest_wait=0.05)
# One run at a time: who waits in a worker's place would be seen.
ALONE = Limits(pipelines=1)


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack, tmp_path, limits=ALONE, model_wait_seconds=3600.0, model_hold_seconds=1.0, model_retry_seconds=1.0)


async def waiting(services: Services, run: Accepted) -> RunView:
    """The run, once it says that it waits."""

    async def waits() -> bool:
        return (await run_of(services, run.request_id)).waiting_for is not None

    await until(waits)
    return await run_of(services, run.request_id)


async def held_in_a_call(services: Services, server: ModelServer, name: str = "talk") -> Accepted:
    """A run whose model has its question, and has answered others before."""
    model = scripted_model(server)
    run = await start(services, [model], name)
    await services.model_places.answered(model)
    server.script.append(hang())
    return run


async def asked(server: ModelServer) -> None:
    async def is_asked() -> bool:
        return bool(server.requests)

    await until(is_asked)


async def test_a_model_that_dies_in_mid_call_is_waited_for_and_the_run_completes(services: Services) -> None:
    async with ModelServer() as server:
        run = await held_in_a_call(services, server)
        async with workers(services, TALK, policy=QUICK):
            await asked(server)
            await server.die()
            view = await waiting(services, run)
            assert (view.status, view.waiting_for, view.current_stage) == (RunStatus.PROCESSING, "scripted", StageName.MOMENT_GENERATION)
            await server.rise()
            ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED, ended.error
    assert (ended.crashes, ended.waiting_for) == (0, None)
    assert stage_of(ended, StageName.MOMENT_REFINEMENT).reason is None, "every moment was refined"


async def test_who_waits_holds_up_no_other_run(services: Services) -> None:
    async with ModelServer() as dead, ModelServer() as alive:
        first = await held_in_a_call(services, dead)
        async with workers(services, TALK, policy=QUICK):
            await asked(dead)
            await dead.die()
            await waiting(services, first)
            second = await start(services, [scripted_model(alive, "other")], "another")
            assert (await end_of(services, second.request_id)).status is RunStatus.COMPLETED
            view = await run_of(services, first.request_id)
            assert (view.status, view.waiting_for, view.stalled) == (RunStatus.PROCESSING, "scripted", False), "it has waited meanwhile"
            await dead.rise()
            ended = await end_of(services, first.request_id)
    assert ended.status is RunStatus.COMPLETED, ended.error
    assert ended.crashes == 0
    assert ended.attempt > 1, "it was handed back"


async def test_a_run_that_waits_can_be_cancelled(services: Services) -> None:
    async with ModelServer() as server:
        run = await held_in_a_call(services, server)
        async with workers(services, TALK, policy=QUICK):
            await asked(server)
            await server.die()
            await waiting(services, run)
            await services.runs.request_cancel(run.request_id)
            ended = await end_of(services, run.request_id)
    assert (ended.status, ended.waiting_for) == (RunStatus.CANCELLED, None)
    assert stage_of(ended, StageName.MOMENT_GENERATION).status == RunStatus.CANCELLED


async def test_when_all_time_is_spent_the_run_fails_and_a_retry_goes_on(services: Services) -> None:
    async with ModelServer() as server:
        run = await held_in_a_call(services, server)
        async with workers(services, TALK, policy=QUICK):
            await asked(server)
            await server.die()
            await waiting(services, run)
            async with services.database.transaction() as session:
                await session.execute(text("UPDATE pipeline_history SET waiting_since = now() - interval '2 hours'"))
            ended = await end_of(services, run.request_id)
            assert ended.status is RunStatus.FAILED
            assert ended.error is not None
            assert (ended.error.stage, ended.error.code) == (StageName.MOMENT_GENERATION, "model_unreachable")
            assert "waited for for 60 minutes" in ended.error.message
            assert "moments models test scripted" in (ended.error.advice or "")
            assert ended.waiting_for is None
            await server.rise()
            await retry_run(services, run.request_id)
            assert (await end_of(services, run.request_id)).status is RunStatus.COMPLETED


async def test_one_that_has_never_answered_is_not_waited_for(services: Services) -> None:
    async with ModelServer() as server:
        run = await start(services, [scripted_model(server)])
        await server.die()
        async with workers(services, TALK, policy=QUICK):
            ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert (ended.error.stage, ended.error.code) == (StageName.MOMENT_GENERATION, "model_unreachable")
    assert "moments models test scripted" in (ended.error.advice or "")
    assert ended.attempt == 1


async def test_a_worker_that_ends_while_its_run_waits_hands_it_on(services: Services) -> None:
    async with ModelServer() as server:
        run = await held_in_a_call(services, server)
        async with workers(services, TALK, policy=QUICK):
            await asked(server)
            await server.die()
            await waiting(services, run)
        assert (await run_of(services, run.request_id)).waiting_for == "scripted", "nobody looks, and it still waits"
        await server.rise()
        async with workers(services, TALK, policy=QUICK):
            ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED, ended.error
    assert ended.crashes == 0
