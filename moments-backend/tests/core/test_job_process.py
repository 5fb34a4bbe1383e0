"""The parent of limited children, on a child that never stops talking."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import Any

import pytest

from videomoments.core import errors
from videomoments.core.job_process import ChildProgram, run_job

_TALKS = 'import sys\nwhile True: sys.stdout.write(\'{"event": "progress"}\\n\' * 50)'


class Talker(ChildProgram):
    def command(self) -> list[str]:
        return [sys.executable, "-c", _TALKS]

    def stalled(self, seconds: float) -> errors.MomentsError:
        return errors.MomentsError("Silent.", code="silent")

    def ended(self, status: int) -> errors.MomentsError:
        return errors.MomentsError("Ended.", code="ended")


@pytest.mark.parametrize("ticks", range(12))
async def test_f29_a_cancellation_that_comes_with_a_line_is_kept(ticks: int) -> None:
    heard: list[dict[str, Any]] = []

    async def listen() -> None:
        async with aclosing(run_job(Talker("talker", "none", "unexplained"), {}, {}, stall_seconds=600)) as events:
            async for event in events:
                heard.append(event)
                await asyncio.sleep(0)

    task = asyncio.create_task(listen())
    async with asyncio.timeout(300):
        while not heard:
            await asyncio.sleep(0.001)
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
