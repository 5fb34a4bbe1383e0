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

from support.backend import accepted, claimed, clean_services, one, run_of, settings_over
from support.stack import embedded_settings, short_home
from support.workers import MovedClock, end_of, executions, in_stage, lapse, until, working
from videomoments.core.config import Limits, Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.embedded import Stack, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import revive
from videomoments.embedded.process_identity import Record
from videomoments.services.wiring import Services

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
            ended = await end_of(services, run.request_id)
            assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
            assert executions(ended) == [1] * 8

        async def settled() -> bool:
            return await services.queue.depth() == 0

        await until(settled)


async def test_a_database_that_is_away_for_longer_than_the_lease_burns_no_crash(
    services: Services, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    """More often than a run may crash: each time its worker gives it up, and takes it again."""
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"sleep": 3600, "attempts": [1, 2, 3]}}))
    caplog.set_level("INFO")
    clock = MovedClock()
    async with working(services, clock=clock):
        for attempt in (1, 2, 3):

            async def again(attempt: int = attempt) -> bool:
                return (await run_of(services, run.request_id)).attempt == attempt

            async def given_up(attempt: int = attempt) -> bool:
                clock.ahead += services.settings.lease_seconds
                return caplog.text.count("stopping: lost") == attempt

            await until(again)
            await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
            servers.kill("postgres")
            await until(given_up)
            await servers.revive()
        ended = await end_of(services, run.request_id)
    assert (ended.status, ended.crashes) == (RunStatus.COMPLETED, 0)
    assert ended.attempt == 4


async def test_a_lease_that_lapsed_while_the_database_was_away_is_no_crash(services: Services, servers: Servers) -> None:
    """Its worker could not renew it, and another is the first to come when the database is back."""
    claim = await claimed(services)
    await lapse(services)
    servers.kill("postgres")
    await servers.revive()
    again = await services.runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert (again.attempt, again.crashes) == (2, 0)


async def test_f70_twenty_slow_runs_share_a_small_pool(services: Services, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for a connection, and none is held in a transaction while a stage works."""
    go_on = settings.home / "go on"
    prompt = json.dumps({"TRANSCRIPTION": {"held": str(go_on)}})
    runs = [await accepted(services, f"https://example.com/{number}.mp4", prompt=prompt) for number in range(20)]
    async with working(services):
        for run in runs:
            await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        await until(lambda: one(services, "SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"))
        go_on.touch()
        for run in runs:
            assert (await end_of(services, run.request_id)).status is RunStatus.COMPLETED
    assert "does not answer" not in caplog.text
