"""The embedded model service is killed under a real worker, with a stack of its own, since others' runs would wait too."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from speech.fixtures import SpeechLibrary
from speech.makers import part
from support.backend import clean_services, run_of, settings_over
from support.stack import embedded_settings, short_home, weights_of_this_user
from support.workers import end_of, executions, in_stage, until, worker_process
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.embedded import Stack, ended_servers, revive, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.process_identity import Record
from videomoments.services.options import RunOptions
from videomoments.services.wiring import Services

pytestmark = [pytest.mark.fault, pytest.mark.story]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Path, Stack]]:
    with weights_of_this_user(), short_home() as home, running_stack(embedded_settings(home)) as stack:
        yield home, stack


@pytest.fixture
def settings(running: tuple[Path, Stack], tmp_path: Path) -> Settings:
    return settings_over(running[1], tmp_path)


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async for ready in clean_services(settings):
        await ready.model_places.built_in_answered()  # as every command does that has started a stack
        yield ready


async def test_a_model_service_killed_in_mid_transcription_is_waited_for(
    services: Services, settings: Settings, running: tuple[Path, Stack], speech: SpeechLibrary
) -> None:
    home = embedded_settings(running[0])
    record = Record.load(Layout.of(home), "models")
    assert record is not None
    # Frozen first: the recording is in its hands when it dies.
    os.kill(record.pid, signal.SIGSTOP)
    video, _ = await services.videos.register_local(speech.get(".mp4", part, 0.0, 45.0).path)
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions()))
    with worker_process(settings, stages="real"):
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION, 120)
        os.kill(record.pid, signal.SIGKILL)

        async def waits() -> bool:
            return (await run_of(services, run.request_id)).waiting_for == "whisper_base"

        await until(waits, 120)
        assert ended_servers(home) == ["models"]
        await asyncio.to_thread(revive, home)
        assert ended_servers(home) == []
        done = await end_of(services, run.request_id, 240)
    assert done.status is RunStatus.COMPLETED, done.error
    assert (done.crashes, done.waiting_for) == (0, None)
    assert executions(done)[:3] == [1, 1, 1], "nothing before was repeated"
