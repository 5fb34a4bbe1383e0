"""Waiting for a run: what happens to a command meanwhile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
import rows

from videomoments.cli.follow import enter, follow
from videomoments.core.errors import Conflict, NotFound, RunActive
from videomoments.core.names import RunStatus
from videomoments.inference.model_registry import DEFAULT_MODELS
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted


class _Silent:
    """A progress and a worker that have nothing to say."""

    def show(self, view: object) -> None: ...

    def look_after_worker(self) -> None: ...


class _Deaf:
    """A query that loses the first cancellation which comes in the middle of it, as drivers on Python 3.11 do."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.lost = 0

    async def get(self, request_id: str) -> Any:
        self.asked.set()
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            self.lost += 1
        return rows.run(status=RunStatus.PROCESSING)


async def test_ctrl_c_is_heard_although_the_database_driver_lost_it() -> None:
    queries, silent = _Deaf(), cast(Any, _Silent())
    task = asyncio.create_task(follow(cast(Any, SimpleNamespace(run_queries=queries)), "r1", silent, silent))
    await queries.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), 300)
    assert queries.lost == 1
    assert task.cancelled()


def _snapshot(**options: Any) -> RunSnapshot:
    model = {each.key: each for each in DEFAULT_MODELS}
    return RunSnapshot(
        options=RunOptions(**options), transcription=model["whisper_base"], generation=model["extractive"], refinement=model["signal"]
    )


class _Runs:
    """The runs of one video, of which the last has begun last. `refusals` is raised by one `accept` after the other."""

    def __init__(self, *runs: RunView, refusals: list[Exception]) -> None:
        self._runs = runs
        self._refusals = refusals

    async def accept(self, video_id: str, snapshot: RunSnapshot) -> Accepted:
        if self._refusals:
            raise self._refusals.pop(0)
        return Accepted("new", video_id, RunStatus.QUEUED)

    async def get(self, request_id: str) -> RunView:
        found = next((run for run in self._runs if run.request_id == request_id), None)
        if found is None:
            raise NotFound("There is no such run.", code="run_not_found")
        return found

    async def history(self, video_id: str) -> list[RunView]:
        return list(reversed(self._runs))


def _active(request_id: str, kind: str = "pipeline", **options: Any) -> RunView:
    return rows.run(status=RunStatus.PROCESSING, request_id=request_id, kind=kind, config=_snapshot(**options).to_json())


async def _entered(runs: _Runs) -> tuple[str, bool]:
    entered = await enter(cast(Any, SimpleNamespace(runs=runs, run_queries=runs)), "video-1", _snapshot())
    return entered.request_id, entered.joined


@pytest.mark.parametrize("kind", ["pipeline", "generate"])
async def test_the_run_that_is_in_the_way_is_joined_and_not_one_that_cuts_clips_beside_it(kind: str) -> None:
    refusals: list[Exception] = [RunActive("whole", "processing")]
    assert await _entered(_Runs(_active("whole", kind), _active("clips", "clips"), refusals=refusals)) == ("whole", True)


@pytest.mark.parametrize(
    ("active", "why"),
    [
        (_active("0123456789", max_moments=3), "It was asked for with other options."),
        *((_active("0123456789", kind), f"It is of the kind {kind}, not a whole run.") for kind in ("refine", "transcribe", "audio")),
        (rows.run(status=RunStatus.QUEUED, request_id="0123456789", config={"odd": 1}), "It was asked for with other options."),
    ],
)
async def test_a_run_that_does_something_else_is_told_and_not_joined(active: RunView, why: str) -> None:
    with pytest.raises(RunActive) as refused:
        await _entered(_Runs(active, refusals=[RunActive("0123456789", "processing")]))
    assert refused.value.message == "A run of this video is active: 0123456789, processing."
    assert refused.value.advice == f"{why} Wait for it to end, or cancel it: moments runs cancel 01234567."


async def test_a_run_that_ended_meanwhile_is_in_nobodys_way() -> None:
    refusals: list[Exception] = [RunActive("gone", "queued"), RunActive("ended", "processing")]
    assert await _entered(_Runs(rows.run(request_id="ended"), refusals=refusals)) == ("new", False)


async def test_a_conflict_that_is_no_active_run_is_told_at_once() -> None:
    with pytest.raises(Conflict, match="Something else"):
        await _entered(_Runs(refusals=[Conflict("Something else.")]))
