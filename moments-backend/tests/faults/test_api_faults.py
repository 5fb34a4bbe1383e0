"""The API as a process of its own, killed at bad moments."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from support.api_processes import ApiProcess, api_process
from support.backend import clean_services, one, run_of, settings_over
from support.stack import embedded_settings, short_home
from support.workers import WATCHDOG_SECONDS, end_of, in_stage, until, worker_process, working
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.embedded import Stack, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import revive
from videomoments.embedded.process_identity import Record
from videomoments.services.wiring import Services

pytestmark = pytest.mark.fault


async def started(api: ApiProcess, prompt: str = "", path: str = "talk") -> httpx.Response:
    async with httpx.AsyncClient(base_url=api.url, trust_env=False, timeout=300) as client:
        return await client.post("/api/generate_moments", json={"url": f"https://example.com/{path}.mp4", "prompt": prompt})


async def test_f05_an_api_killed_between_commit_and_enqueue_loses_no_run(services: Services, settings: Settings) -> None:
    with api_process(settings, DIES="before_enqueue") as api:
        with pytest.raises(httpx.TransportError):
            await started(api)
        assert await asyncio.to_thread(api.process.wait, WATCHDOG_SECONDS) == -signal.SIGKILL
    request_id = await one(services, "SELECT identifier FROM pipeline_history")
    assert await services.queue.depth() == 0, "killed before the bell rang"
    async with working(services):
        ended = await end_of(services, request_id)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)


async def test_f25_jobs_go_on_when_the_api_is_killed(services: Services, settings: Settings) -> None:
    with worker_process(settings), api_process(settings) as api:
        answer = await started(api, json.dumps({"TRANSCRIPTION": {"sleep": 1}}))
        assert answer.status_code == 202, answer.text
        request_id = answer.json()["request_id"]
        await in_stage(services, request_id, StageName.TRANSCRIPTION)
        api.kill()
        ended = await end_of(services, request_id)
    assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)


@pytest.fixture(scope="module")
def killed_stack() -> Iterator[tuple[Path, Stack]]:
    """Servers of this file's own."""
    with short_home() as home, running_stack(embedded_settings(home), models=False) as stack:
        yield home, stack


@pytest.fixture
async def fragile(killed_stack: tuple[Path, Stack], tmp_path: Path) -> AsyncIterator[Services]:
    async for ready in clean_services(settings_over(killed_stack[1], tmp_path)):
        yield ready


async def test_f35_a_run_is_there_after_a_kill_of_postgresql_right_behind_its_202(
    fragile: Services, killed_stack: tuple[Path, Stack]
) -> None:
    home, _ = killed_stack
    record = Record.load(Layout.of(embedded_settings(home)), "postgres")
    assert record is not None
    accepted = []
    with api_process(fragile.settings) as api:
        for number in range(5):
            answer = await started(api, path=str(number))
            assert answer.status_code == 202, answer.text
            accepted.append(answer.json()["request_id"])
        os.kill(record.pid, signal.SIGKILL)
        refused = await started(api, path="away")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        await asyncio.to_thread(revive, embedded_settings(home), models=False)

        async def answers() -> bool:
            return (await started(api, path="back")).status_code in (202, 409)

        await until(answers)
    for request_id in accepted:
        assert (await run_of(fragile, request_id)).status is RunStatus.QUEUED
