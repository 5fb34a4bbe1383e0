"""Waiting for a run: what happens to a command meanwhile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
import rows

from videomoments.cli.follow import follow
from videomoments.core.names import RunStatus


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
