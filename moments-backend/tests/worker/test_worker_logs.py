"""What a worker says about its runs: every line names the run, the video, the attempt, and inside a stage the stage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.backend import accepted
from support.workers import end_of, worker_process
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.services.wiring import Services

pytestmark = pytest.mark.fault


async def test_each_line_about_a_run_says_whose_it_is(services: Services, settings: Settings) -> None:
    script = json.dumps({"TRANSCRIPTION": {"raise": "storage", "times": 1}, "MOMENT_GENERATION": {"raise": "input"}})
    with worker_process(settings, MOMENTS_LOG_JSON="1") as worker:
        runs = [await accepted(services, f"https://example.com/{number}.mp4", prompt=script) for number in range(3)]
        for run in runs:
            assert (await end_of(services, run.request_id)).status is RunStatus.FAILED
        assert worker.terminate() == 0
    lines: list[dict[str, Any]] = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    for run in runs:
        own = [line for line in lines if line.get("request_id") == run.request_id]
        assert all((line["video_id"], line["attempt"]) == (run.video_id, 1) for line in own)
        told = [(line["message"].partition(":")[0], line.get("stage")) for line in own]
        assert told[0] == ("claimed", None)
        assert told[-1] == ("failed", None)
        assert ("completed", StageName.VIDEO_DOWNLOAD) in told
        assert ("tried again", StageName.TRANSCRIPTION) in told
        assert ("failed", StageName.MOMENT_GENERATION) in told
        assert not any(run.request_id in line["message"] for line in lines), "an id belongs into its field"
