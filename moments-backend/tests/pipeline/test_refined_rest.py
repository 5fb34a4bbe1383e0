"""A run whose model could not refine all of its moments, and the run that refines the rest: real stages, a scripted model."""

from __future__ import annotations

import json
from collections.abc import Collection

import pytest
from aiohttp import web

from pipeline.scripted import Recording, scripted_model, start, workers
from support.fakes.model_server import ModelServer, completion, status, task_block
from support.workers import end_of, stage_of
from videomoments.core.errors import Conflict
from videomoments.core.names import RunKind, RunStatus, StageName
from videomoments.inference.retry import RetryPolicy
from videomoments.services.editing import MomentChange
from videomoments.services.retrying import retry_run
from videomoments.services.wiring import Services

LINES = tuple((n * 10.0, n * 10.0 + 9.0, f"Sentence {n} says something.") for n in range(24))
TALK = Recording(240.0, LINES)
QUICK = RetryPolicy(overloaded=1, unreachable=1, failed=0, first_wait=0.01, longest_wait=0.02)
COUNT = 5


class Editor(ModelServer):
    """Refines each moment by a second, but for those whose title stands in `refused`: it answers them with an error."""

    def __init__(self, refused: Collection[str] = ()) -> None:
        super().__init__()
        self.refused = set(refused)
        self.asked: list[str] = []
        self.always = self._refine

    async def _refine(self, request: web.Request) -> web.StreamResponse:
        block = task_block(await request.json())
        if block["task"] != "refine_moment":
            rows = [{"start_time": n * 40.0, "end_time": n * 40.0 + 29.0, "title": f"Part {n}", "score": 0.5} for n in range(COUNT)]
            return web.json_response(completion(json.dumps(rows)))
        moment = block["moment"]
        self.asked.append(moment["title"])
        if moment["title"] in self.refused:
            return await status(500, "broken")(request)
        return web.json_response(completion(json.dumps({"start_time": moment["start_time"], "end_time": moment["end_time"] - 1.0})))


async def refined(services: Services, video: str) -> dict[str, bool]:
    return {view.moment.title: view.moment.is_refined for view in await services.moments.of_video(video)}


async def test_the_rest_is_refined_by_a_new_run_and_nothing_else_is_asked_again(services: Services) -> None:
    async with Editor(refused=("Part 1", "Part 3")) as server:
        run = await start(services, [scripted_model(server)])
        async with workers(services, TALK, policy=QUICK):
            first = await end_of(services, run.request_id)
            assert first.status is RunStatus.COMPLETED, first.error
            assert first.unrefined is not None
            assert (first.unrefined.moments, first.unrefined.total, first.unrefined.left) == (2, COUNT, 2)
            [reason] = first.unrefined.reasons
            assert (reason.code, reason.moments) == ("model_error", 2)
            assert stage_of(first, StageName.MOMENT_REFINEMENT).reason == first.unrefined.message
            assert await refined(services, run.video_id) == {f"Part {n}": n not in (1, 3) for n in range(COUNT)}

            # Again one of them: the new run completes, and says so for its own two.
            server.refused, server.asked = {"Part 3"}, []
            again = await retry_run(services, run.request_id)
            second = await end_of(services, again.request_id)
            assert (second.status, second.kind, second.config["refines"]) == (RunStatus.COMPLETED, RunKind.REFINE, run.request_id)
            assert set(server.asked) == {"Part 1", "Part 3"}
            assert second.unrefined is not None
            assert (second.unrefined.moments, second.unrefined.total, second.unrefined.left) == (1, 2, 1)

            server.refused, server.asked = set(), []
            last = await end_of(services, (await retry_run(services, again.request_id)).request_id)
            assert (last.status, last.unrefined, server.asked) == (RunStatus.COMPLETED, None, ["Part 3"])
    assert await refined(services, run.video_id) == {f"Part {n}": True for n in range(COUNT)}
    kept = await services.run_queries.get(run.request_id)
    assert (kept.status, kept.completed_at, kept.unrefined and kept.unrefined.left) == (RunStatus.COMPLETED, first.completed_at, 0)
    with pytest.raises(Conflict) as caught:
        await retry_run(services, run.request_id)
    assert caught.value.code == "nothing_to_refine"


async def test_a_run_for_the_rest_that_refines_none_of_it_fails_with_the_reason(services: Services) -> None:
    async with Editor(refused=("Part 2",)) as server:
        run = await start(services, [scripted_model(server)])
        async with workers(services, TALK, policy=QUICK):
            await end_of(services, run.request_id)
            again = await retry_run(services, run.request_id)
            ended = await end_of(services, again.request_id)
            assert (ended.status, ended.error and ended.error.code) == (RunStatus.FAILED, "model_error")
            server.refused = set()
            taken_up = await retry_run(services, again.request_id)
            assert taken_up.request_id == again.request_id
            assert (await end_of(services, again.request_id)).status is RunStatus.COMPLETED
    assert all((await refined(services, run.video_id)).values())


async def test_what_a_person_edits_while_the_run_waits_is_left_alone(services: Services) -> None:
    async with Editor(refused=("Part 0", "Part 4")) as server:
        run = await start(services, [scripted_model(server)])
        async with workers(services, TALK, policy=QUICK):
            await end_of(services, run.request_id)
        server.refused, server.asked = set(), []
        again = await retry_run(services, run.request_id)
        views = {view.moment.title: view.moment for view in await services.moments.of_video(run.video_id)}
        await services.editing.change(run.video_id, views["Part 0"].identifier, MomentChange(title="Mine"))
        async with workers(services, TALK, policy=QUICK):
            ended = await end_of(services, again.request_id)
        assert (ended.status, ended.unrefined, server.asked) == (RunStatus.COMPLETED, None, ["Part 4"])
    shown = await refined(services, run.video_id)
    assert (shown["Mine"], shown["Part 4"]) == (False, True)
