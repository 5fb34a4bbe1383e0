"""Stage 5 runs again in a run whose moments were refined, or the database restarts: real stages that ask, a scripted model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from pipeline.scripted import Recording, scripted_model, stages, start
from support.fakes.model_server import ModelServer, completion, task_block
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.names import RunKind, StageName
from videomoments.pipeline.checkpoints import Checkpoint
from videomoments.pipeline.orchestrator import run_stages
from videomoments.pipeline.stage import ProgressClock, StageAdapters, StageContext
from videomoments.services.model_calls import ModelCalls
from videomoments.services.moments import Moments
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

LINES = tuple((n * 10.0, n * 10.0 + 9.0, f"Sentence {n} says something.") for n in range(24))
TALK = Recording(240.0, LINES)


class Finder(ModelServer):
    """Finds a moment of each title, 40 seconds apart, and refines each by a second."""

    def __init__(self, *titles: str) -> None:
        super().__init__()
        self.titles = titles
        self.refined: list[str] = []
        self.always = self._answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        block = task_block(await request.json())
        if block["task"] != "refine_moment":
            rows = [
                {"start_time": n * 40.0, "end_time": n * 40.0 + 29.0, "title": title, "score": 0.5} for n, title in enumerate(self.titles)
            ]
            return web.json_response(completion(json.dumps(rows)))
        moment = block["moment"]
        self.refined.append(moment["title"])
        return web.json_response(completion(json.dumps({"start_time": moment["start_time"], "end_time": moment["end_time"] - 1.0})))


def _unwatched(_: ProgressClock, __: float) -> None:
    return


async def _does_not_hold(_: StageContext, __: Checkpoint) -> bool:
    return False


async def attempt(services: Services, parts: StageAdapters, run: Accepted) -> list[tuple[str, bool]]:
    """Works on the run in one more attempt that finds its moments anew, and gives it back. Returns the moments that are shown then."""
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    anew = [
        replace(stage, checkpoint_valid=_does_not_hold) if stage.name is StageName.MOMENT_GENERATION else stage
        for stage in stages(TALK, RunKind.PIPELINE)
    ]
    await run_stages(claim, parts, _unwatched, anew)
    views = await services.moments.of_run(claim.run_id)
    await services.runs.hand_back(claim)
    return [(view.moment.title, view.moment.is_refined) for view in views]


async def test_moments_that_are_found_differently_are_refined_anew(services: Services, parts: StageAdapters) -> None:
    async with Finder("Part 0", "Part 1", "Part 2") as server:
        run = await start(services, [scripted_model(server)])
        assert await attempt(services, parts, run) == [("Part 0", True), ("Part 1", True), ("Part 2", True)]
        server.titles, server.refined = ("Part 0", "Other"), []
        assert await attempt(services, parts, run) == [("Part 0", True), ("Other", True)]
        assert server.refined == ["Other"]


async def test_f14_moments_that_are_found_again_are_not_refined_again(services: Services, parts: StageAdapters) -> None:
    async with Finder("Part 0", "Part 1") as server:
        run = await start(services, [scripted_model(server)])
        first = await attempt(services, parts, run)
        server.refined = []
        assert await attempt(services, parts, run) == first
        assert server.refined == []


async def test_no_answer_of_a_model_is_lost_to_a_database_that_restarts(
    services: Services, parts: StageAdapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer is stored at the second try, and asked for once."""
    tried: Counter[str] = Counter()

    def away_once(kind: type, name: str) -> None:
        real: Callable[..., Awaitable[Any]] = getattr(kind, name)

        async def flaky(*arguments: Any, **named: Any) -> Any:
            tried[name] += 1
            if tried[name] == 1:
                raise ServiceUnavailable("The database does not answer.")
            return await real(*arguments, **named)

        monkeypatch.setattr(kind, name, flaky)

    away_once(ModelCalls, "keep")
    away_once(Moments, "save_generated")
    away_once(Moments, "save_refined")
    async with Finder("Part 0") as server:
        run = await start(services, [scripted_model(server)])
        assert await attempt(services, parts, run) == [("Part 0", True)]
        assert len(server.requests) == 2
    assert tried == {"keep": 3, "save_generated": 2, "save_refined": 2}
