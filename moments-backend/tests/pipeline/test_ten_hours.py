"""A transcript of ten hours, read in windows by a model that answers for what it is shown."""

from __future__ import annotations

import asyncio
import json
import re
import tracemalloc

import pytest
from aiohttp import web

from pipeline.scripted import Recording, scripted_model, start, workers
from support.fakes.model_server import Behaviour, ModelServer, completion, task_block
from support.workers import end_of
from videomoments.core.names import RunStatus
from videomoments.moments.lines import Line
from videomoments.moments.windows import split_windows
from videomoments.services.moments import MomentView
from videomoments.services.wiring import Services

HOURS = 10
LINE_SECONDS = 4.0
EVERY = 60  # lines from one planted moment to the next
LENGTH = 6  # lines of each
LINES = int(HOURS * 3600 / LINE_SECONDS)
PLANTED = {number: (number * EVERY + 20) for number in range(LINES // EVERY)}
"""First line of each, from 0."""
CONTEXT = 8192
_PLANT = re.compile(r"Story (\d+) (begins|ends)")


def recording(hours: float = HOURS) -> Recording:
    """Small talk, with stories in it that say where they begin and end."""
    count = int(hours * 3600 / LINE_SECONDS)
    texts = [f"Line {n}: and then we talked about the weather for a while." for n in range(count)]
    for number, first in PLANTED.items():
        if first + LENGTH <= count:
            texts[first] = f"Story {number} begins here."
            texts[first + LENGTH - 1] = f"Story {number} ends here."
    lines = tuple((n * LINE_SECONDS, n * LINE_SECONDS + 3.0, text) for n, text in enumerate(texts))
    return Recording(hours * 3600.0, lines)


def storyteller(seconds: float = 0.0) -> Behaviour:
    """Answers each story of which it was shown both ends; a refinement leaves the moment as it is."""

    async def play(request: web.Request) -> web.StreamResponse:
        block = task_block(await request.json())
        await asyncio.sleep(seconds)
        if block["task"] == "refine_moment":
            moment = block["moment"]
            return web.json_response(completion(json.dumps({"start_time": moment["start_time"], "end_time": moment["end_time"]})))
        begun: dict[str, float] = {}
        found = []
        for line in block["lines"]:
            if match := _PLANT.match(line["text"]):
                if match[2] == "begins":
                    begun[match[1]] = line["start"]
                elif match[1] in begun:
                    row = {"start_time": begun[match[1]], "end_time": line["end"], "title": f"Story {match[1]}", "score": 0.7, "reason": ""}
                    found.append(row)
        return web.json_response(completion(json.dumps(found)))

    return play


class Storyteller(ModelServer):
    """Always the same behaviour, however often it is asked."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.always = storyteller(seconds)


def test_f53_there_is_a_planted_moment_in_every_window() -> None:
    lines = [Line(n, *line) for n, line in enumerate(recording().lines, 1)]
    windows = split_windows(lines, context_tokens=CONTEXT, answer_tokens=4096)
    assert len(windows) > 50
    for window in windows:
        assert any("begins" in line.text for line in window.lines)


async def test_f53_every_planted_moment_of_ten_hours_comes_back_once_at_its_time(services: Services) -> None:
    async with Storyteller() as server:
        model = scripted_model(server, context_tokens=CONTEXT, max_concurrency=2)
        run = await start(services, [model], max_moments=200)
        async with workers(services, recording()):
            ended = await end_of(services, run.request_id)
        assert server.peak <= 2
        windows = [request for request in server.requests if task_block(request.body)["task"] == "generate_moments"]
    assert ended.status is RunStatus.COMPLETED, ended.error
    assert len(windows) > 50
    views = await services.moments.of_video(run.video_id)
    _found_once_at_their_times(views, list(PLANTED))


def _found_once_at_their_times(views: list[MomentView], expected: list[int]) -> None:
    found = sorted((int(view.moment.title.removeprefix("Story ")), view.moment.start_time, view.moment.end_time) for view in views)
    assert [number for number, _, _ in found] == expected, "each once"
    for number, start_time, end_time in found:
        first = PLANTED[number] * LINE_SECONDS
        # Snapping leaves a little room on either side.
        assert 0 <= first - start_time <= 0.5
        assert 0 <= end_time - (first + (LENGTH - 1) * LINE_SECONDS + 3.0) <= 0.5


async def test_f43_four_workers_on_four_recordings_stay_within_the_models_limit(services: Services) -> None:
    """Each worker has a connection of its own for the places, as a process of its own has."""
    async with Storyteller(0.05) as server:
        model = scripted_model(server, context_tokens=CONTEXT, max_concurrency=3)
        runs = [await start(services, [model], f"talk-{number}", max_moments=200) for number in range(4)]
        async with workers(services, recording(1.0), count=4):
            ended = [await end_of(services, run.request_id) for run in runs]
        assert {run.status for run in ended} == {RunStatus.COMPLETED}
        assert server.peak == 3, "all places are used, and no more"
        assert len({request.body["messages"][1]["content"] for request in server.requests}) > 20
    expected = [number for number, first in PLANTED.items() if first < 900 - LENGTH]
    for run in runs:
        _found_once_at_their_times(await services.moments.of_video(run.video_id), expected)


@pytest.mark.heavy
async def test_memory_hardly_grows_with_the_transcript(services: Services) -> None:
    """What the worker allocates at most, at one hour and at ten; the stored transcript itself is most of it."""
    peaks = []
    for hours in (1.0, float(HOURS)):
        async with Storyteller() as server:
            server.requests = _Forgetful()
            run = await start(services, [scripted_model(server, context_tokens=CONTEXT)], f"talk-{hours}", max_moments=20)
            made = recording(hours)
            tracemalloc.start()
            try:
                async with workers(services, made):
                    await end_of(services, run.request_id)
                peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
            finally:
                tracemalloc.stop()
    assert peaks[1] < peaks[0] + 40, peaks


class _Forgetful(list):  # type: ignore[type-arg]
    def append(self, item: object) -> None:
        """Requests are the server's, not the worker's."""
