"""Workers while PostgreSQL and Valkey are killed under them, and stay away. Servers of their own, since others' would suffer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend import accepted, clean_services, one, run_of, settings_over
from stack import embedded_settings, short_home
from videomoments.core.config import Limits, Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.embedded import Stack, running_stack
from videomoments.embedded.ensure import revive
from videomoments.embedded.layout import Layout
from videomoments.embedded.processes import Record
from videomoments.services.wiring import Services
from workers import end_of, executions, in_stage, until, working

pytestmark = pytest.mark.fault


@dataclass
class Servers:
    """Real servers that a test may kill."""

    home: Path
    stack: Stack

    def kill(self, name: str) -> None:
        record = Record.load(Layout.of(embedded_settings(self.home)), name)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)

    async def revive(self) -> None:
        await asyncio.to_thread(revive, embedded_settings(self.home), models=False)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with short_home() as home, running_stack(embedded_settings(home), models=False) as stack:
        yield Servers(home, stack)


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    return settings_over(servers.stack, tmp_path, limits=Limits(pipelines=20))


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async for ready in clean_services(settings):
        yield ready


async def test_f20_valkey_killed_five_times_in_load_loses_no_accepted_run(services: Services, servers: Servers) -> None:
    prompt = json.dumps({"TRANSCRIPTION": {"sleep": 0.3}})
    runs = []
    async with working(services, count=2):
        for number in range(5):
            runs += [await accepted(services, f"https://example.com/{number}/{n}.mp4", prompt=prompt) for n in range(4)]
            servers.kill("valkey")
            # Accepted while nobody hears the bell:
            runs.append(await accepted(services, f"https://example.com/{number}/deaf.mp4", prompt=prompt))
            await servers.revive()
        for run in runs:
            ended = await end_of(services, run.request_id, 60)
            assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
            assert executions(ended) == [1] * 8

        async def settled() -> bool:
            return await services.queue.depth() == 0

        await until(settled, 30)


async def test_a_database_that_is_away_for_longer_than_the_lease_burns_no_crash(services: Services, servers: Servers) -> None:
    """More often than a run may crash: each time its worker gives it up, and takes it again."""
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"sleep": 60, "attempts": [1, 2, 3]}}))
    async with working(services):
        for attempt in (1, 2, 3):

            async def again(attempt: int = attempt) -> bool:
                return (await run_of(services, run.request_id)).attempt == attempt

            await until(again, 60)
            await in_stage(services, run.request_id, StageName.TRANSCRIPTION, 30)
            servers.kill("postgres")
            await asyncio.sleep(services.settings.lease_seconds + 1)
            await servers.revive()
        ended = await end_of(services, run.request_id, 60)
    assert (ended.status, ended.crashes) == (RunStatus.COMPLETED, 0)
    assert ended.attempt == 4


async def test_f70_twenty_slow_runs_share_a_small_pool(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for a connection, and none is held in a transaction while a stage works."""
    prompt = json.dumps({"TRANSCRIPTION": {"sleep": 2.0}, "MOMENT_REFINEMENT": {"sleep": 1.0}})
    runs = [await accepted(services, f"https://example.com/{number}.mp4", prompt=prompt) for number in range(20)]
    held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '1.5 seconds'"
    active = "SELECT count(*) FROM pipeline_history WHERE completed_at IS NULL"
    async with working(services):

        async def over() -> bool:
            assert await one(services, held) == 0
            return not await one(services, active)

        await until(over, 200)
        for run in runs:
            assert (await run_of(services, run.request_id)).status is RunStatus.COMPLETED
    assert "does not answer" not in caplog.text
