"""One model that finds moments and refines them, asked by two workers with connections of their own: it is never asked to refine two at
once (the overview's section 8: the memory of its GPU), and to find them it is."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.scripted import Recording, scripted_model, start, workers
from support.fakes.model_server import ModelServer, task_block
from support.workers import end_of
from videomoments.core.names import RunStatus
from videomoments.services.wiring import Services

pytestmark = pytest.mark.story

RUNS, MOMENTS = 4, 50
LINES = tuple((n * 4.0, n * 4.0 + 3.5, f"Line {n}: and then we talked about something else for a while.") for n in range(1600))
TALK = Recording(6400.0, LINES)


async def test_f43_two_hundred_refinements_never_two_at_once_and_two_generations_at_once(services: Services) -> None:
    async with ModelServer() as server:
        server.delays = {"refine_moment": 0.01, "generate_moments": 0.3}
        # The transcript does not fit at once: each run asks several times to find moments.
        model = scripted_model(server, "both", context_tokens=16_384, max_tokens=1024, max_concurrency=2)
        assert model.max_refinements == 1
        runs = [await start(services, [model], f"talk-{n}", max_moments=MOMENTS, max_duration=30.0) for n in range(RUNS)]
        async with workers(services, TALK, count=2):
            for run in runs:
                done = await end_of(services, run.request_id)
                assert (done.status, done.error) == (RunStatus.COMPLETED, None)
                assert all(stage.reason is None for stage in done.stages)
    asked = Counter(str(task_block(request.body)["task"]) for request in server.requests)
    print(f"asked {dict(asked)}, at once {dict(server.peaks)}")
    assert asked["refine_moment"] == RUNS * MOMENTS
    assert server.peaks["refine_moment"] == 1
    assert server.peaks["generate_moments"] == 2
