"""Worker processes that are killed, stopped, frozen or asked to leave while they hold runs."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from support.backend import accepted, one, run_of
from support.stack import Stack
from support.workers import WATCHDOG_SECONDS, end_of, executions, in_stage, lapse, renewed, until, worker_process, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Limits, Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

pytestmark = pytest.mark.fault

EIGHT = list(StageName)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A worker that takes as many runs as these tests start."""
    return settings.model_copy(update={"limits": Limits(pipelines=8)})


async def test_f08_f12_a_kill_in_any_stage_repeats_that_stage_only(services: Services, settings: Settings) -> None:
    runs = {
        name: await accepted(services, f"https://example.com/{name}.mp4", prompt=json.dumps({name: {"sleep": 3600, "attempts": [1]}}))
        for name in EIGHT
    }
    with worker_process(settings) as victim:
        for name, run in runs.items():
            await in_stage(services, run.request_id, name)
        victim.kill()
    stalled = [(await run_of(services, run.request_id)).status for run in runs.values()]
    assert set(stalled) == {RunStatus.PROCESSING}
    await lapse(services)
    async with working(services):
        for name, run in runs.items():
            ended = await end_of(services, run.request_id)
            assert ended.status is RunStatus.COMPLETED
            assert (ended.attempt, ended.crashes) == (2, 1)
            assert executions(ended) == [2 if stage is name else 1 for stage in EIGHT]


async def test_f30_a_run_whose_worker_was_killed_shows_as_stalled(services: Services, settings: Settings) -> None:
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"sleep": 3600}}))
    with worker_process(settings) as victim:
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        assert not (await run_of(services, run.request_id)).stalled
        victim.kill()
    assert not (await run_of(services, run.request_id)).stalled, "nobody knows yet"
    await lapse(services)

    async def stalled() -> bool:
        return (await run_of(services, run.request_id)).stalled

    await until(stalled)
    # Nobody works on it: whoever asks for its end, ends it.
    assert await services.runs.request_cancel(run.request_id) is RunStatus.CANCELLED


async def test_f11_a_run_that_ends_its_workers_is_a_dead_letter_after_three(services: Services, settings: Settings) -> None:
    deadly = await accepted(services, "https://example.com/deadly.mp4", prompt=json.dumps({"TRANSCRIPTION": {"exit": 137}}))
    for _ in range(3):
        with worker_process(settings) as victim:
            assert await asyncio.to_thread(victim.process.wait, WATCHDOG_SECONDS) == 137
        await lapse(services)
    other = await accepted(services, "https://example.com/other.mp4")
    async with working(services):
        assert (await end_of(services, other.request_id)).status is RunStatus.COMPLETED
        ended = await end_of(services, deadly.request_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == "dead_letter"
    assert executions(ended)[3] == 3
    assert await services.redis.exists(redis_keys.run(deadly.request_id))


@pytest.mark.parametrize("wait", ["sleep", "silent"])
async def test_f24_sigterm_hands_the_run_back(services: Services, settings: Settings, wait: str) -> None:
    run = await accepted(services, prompt=json.dumps({"AUDIO_UPLOAD": {"store": True, wait: 60, "attempts": [1]}}))
    with worker_process(settings) as leaving:
        await in_stage(services, run.request_id, StageName.AUDIO_UPLOAD)
        assert await asyncio.to_thread(leaving.terminate) == 0
    assert await one(services, "SELECT lease_until IS NULL FROM pipeline_history")
    assert list((settings.home / "store").rglob("*.wav")) == []
    assert await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP) == []
    async with working(services):  # whom no lease of the first may keep from it
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED
    assert (ended.attempt, ended.crashes) == (2, 0), "no crash was counted"
    assert executions(ended) == [1, 1, 2, 1, 1, 1, 1, 1]


async def test_f02_f60_a_worker_that_wakes_up_too_late_writes_nothing(services: Services, settings: Settings) -> None:
    go_on = settings.home / "go on"
    script = {"AUDIO_UPLOAD": {"store": True, "held": str(go_on), "attempts": [1]}}
    late = {"AUDIO_UPLOAD": {"store": True}}
    run = await accepted(services, prompt=json.dumps(script))
    with worker_process(settings) as frozen:
        await in_stage(services, run.request_id, StageName.AUDIO_UPLOAD)
        frozen.signal(signal.SIGSTOP)
        await lapse(services)
        async with working(services):
            ended = await end_of(services, run.request_id)
        assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 2)
        shown = await _mirrors(services, run)
        go_on.touch()
        frozen.signal(signal.SIGCONT)
        # It lets go, and takes the next run.
        second = await accepted(services, "https://example.com/next.mp4", prompt=json.dumps(late))
        assert (await end_of(services, second.request_id)).status is RunStatus.COMPLETED
        await asyncio.to_thread(frozen.terminate)
    assert await run_of(services, run.request_id) == ended
    assert await _mirrors(services, run) == shown
    assert (await services.videos.get(run.video_id)).audio_url is None, "its second attempt stored nothing"
    left = [str(path.relative_to(settings.home / "store")) for path in (settings.home / "store").rglob("*.wav")]
    assert left == [(await services.videos.get(second.video_id)).audio_url]


async def _mirrors(services: Services, run: Accepted) -> list[object]:
    """All that Redis shows of the run."""
    redis = services.redis
    hashes = [await redis.hgetall(key) for key in (redis_keys.active(run.video_id), redis_keys.run(run.request_id))]
    return [*hashes, await redis.zrange(redis_keys.history(run.video_id), 0, -1), await redis.exists(redis_keys.lock(run.video_id))]


async def test_f23_a_blocked_event_loop_keeps_its_lease(services: Services, settings: Settings) -> None:
    go_on = settings.home / "go on"
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"blocked": str(go_on)}}))
    with worker_process(settings, RENEW_SECONDS="0.2") as blocked:
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        await renewed(services, run.request_id, times=3)
        go_on.touch()
        ended = await end_of(services, run.request_id)
        await asyncio.to_thread(blocked.terminate)
    assert executions(ended) == [1] * 8
    assert ended.attempt == 1


async def test_f43_a_killed_workers_model_places_are_free_again(services: Services, settings: Settings) -> None:
    """Two calls hold the model's two places; their worker dies, and other runs get them without waiting for any lease."""
    script = json.dumps({"MOMENT_GENERATION": {"slot": True, "sleep": 3600, "attempts": [1]}})
    held = [await accepted(services, f"https://example.com/{number}.mp4", prompt=script) for number in range(2)]
    with worker_process(settings) as victim:
        for run in held:
            await in_stage(services, run.request_id, StageName.MOMENT_GENERATION)
        await until(lambda: one(services, "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory'"))
        victim.kill()
    await until(lambda: one(services, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'"))


async def test_f16_what_a_killed_worker_had_read_is_run(stack: Stack, services: Services, settings: Settings, tmp_path: Path) -> None:
    await services.queue.ensure_group()
    runs = [await accepted(services, f"https://example.com/{number}.mp4") for number in range(5)]
    read = [entry.entry_id for entry in await services.queue.read("worker-dead", 5, 100)]
    assert len(read) == 5
    long_ago = int(2 * settings.lease_seconds * 1000)
    await services.redis.xclaim(redis_keys.STREAM, redis_keys.GROUP, "worker-dead", 0, read, idle=long_ago, justid=True)
    async with working(services):
        for run in runs:
            ended = await end_of(services, run.request_id)
            assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)
