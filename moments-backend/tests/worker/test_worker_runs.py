"""What a worker makes of runs that go well, go wrong, or are no longer wanted. The stages follow the runs' prompts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend import accepted, one, run_of
from support.stack import Stack
from support.workers import end_of, executions, in_stage, lapse, renewed, stage_of, until, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.core.times import now
from videomoments.pipeline.stage import ProgressClock
from videomoments.services.wiring import Services, build_services
from videomoments.worker.reconciler import Reconciler


def _objects(settings: Settings) -> list[Path]:
    folder = settings.home / "store"
    return [path for path in folder.rglob("*") if path.is_file() and path.name.endswith(".wav")] if folder.exists() else []


async def test_a_run_goes_through_eight_stages_and_leaves_nothing_behind(services: Services, settings: Settings) -> None:
    run = await accepted(services)
    async with working(services):
        done = await end_of(services, run.request_id)
        await until(lambda: _empty(services))
    assert done.status is RunStatus.COMPLETED
    assert [stage.status for stage in done.stages] == [StageStatus.COMPLETED] * 8
    assert executions(done) == [1] * 8
    assert (done.attempt, done.crashes) == (1, 0)
    starts = [stage.started_at for stage in done.stages]
    assert starts == sorted(starts, key=lambda moment: moment.timestamp() if moment else 0.0)
    assert not await services.redis.exists(redis_keys.lock(run.video_id))
    assert list((settings.home / "work").iterdir()) == []
    assert await one(services, "SELECT count(*) FROM workers") == 0, "a worker that leaves signs off"


async def _empty(services: Services) -> bool:
    return await services.queue.depth() == 0


async def test_f10_a_failure_in_each_stage_writes_history(services: Services) -> None:
    runs = {
        name: await accepted(services, f"https://example.com/{name}.mp4", prompt=json.dumps({name: {"raise": "model"}}))
        for name in StageName
    }
    async with working(services, count=2):
        for name, run in runs.items():
            ended = await end_of(services, run.request_id)
            assert ended.status is RunStatus.FAILED
            assert ended.error is not None
            assert (ended.error.stage, ended.error.code, ended.error.advice) == (name, "model_unreachable", "Start it.")
            assert stage_of(ended, name).status is StageStatus.FAILED
            assert executions(ended) == [1] * (list(StageName).index(name) + 1) + [0] * (7 - list(StageName).index(name))
    assert await one(services, "SELECT count(*) FROM pipeline_history WHERE status = 'failed'") == 8
    assert [key async for key in services.redis.scan_iter("pipeline:*:lock")] == []


@pytest.mark.parametrize("kind", ["bug", "group"])
async def test_a_bug_ends_the_run_with_its_stage_and_without_its_text(services: Services, kind: str) -> None:
    run = await accepted(services, prompt=json.dumps({"CLIP_UPLOAD": {"raise": kind}}))
    async with working(services):
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert (ended.error.stage, ended.error.code) == (StageName.CLIP_UPLOAD, "internal_error")
    assert "division" not in ended.error.message


async def test_a_stage_that_finds_its_run_cancelled_cancels_it(services: Services) -> None:
    run = await accepted(services, prompt=json.dumps({"CLIP_UPLOAD": {"raise": "cancelled"}}))
    async with working(services):
        assert (await end_of(services, run.request_id)).status is RunStatus.CANCELLED


async def test_what_waiting_can_mend_is_tried_again(services: Services) -> None:
    run = await accepted(services, prompt=json.dumps({"AUDIO_UPLOAD": {"raise": "storage", "times": 2}}))
    async with working(services):
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED
    assert stage_of(ended, StageName.AUDIO_UPLOAD).executions == 1, "tries within an execution are not executions"


async def test_f61_a_failed_stage_takes_its_objects_and_folder_with_it(services: Services, settings: Settings) -> None:
    run = await accepted(services, prompt=json.dumps({"AUDIO_UPLOAD": {"store": True, "raise": "input"}}))
    async with working(services):
        await end_of(services, run.request_id)
        await until(lambda: _folder_gone(settings, run.request_id))
    assert _objects(settings) == []


async def _folder_gone(settings: Settings, request_id: str) -> bool:
    return not await asyncio.to_thread((settings.home / "work" / request_id).exists)


async def test_a_published_object_stays_when_a_later_stage_fails(services: Services, settings: Settings) -> None:
    script = {"AUDIO_UPLOAD": {"store": True}, "TRANSCRIPTION": {"raise": "input"}}
    run = await accepted(services, prompt=json.dumps(script))
    async with working(services):
        await end_of(services, run.request_id)
    [kept] = _objects(settings)
    assert (await services.videos.get(run.video_id)).audio_url == str(kept.relative_to(settings.home / "store"))


@pytest.mark.parametrize("wait", ["sleep", "silent"])
async def test_f29_a_cancellation_ends_the_work(services: Services, settings: Settings, wait: str) -> None:
    run = await accepted(services, prompt=json.dumps({"AUDIO_UPLOAD": {"store": True, wait: 3600}}))
    async with working(services):
        await in_stage(services, run.request_id, StageName.AUDIO_UPLOAD)
        assert await services.runs.request_cancel(run.request_id) is RunStatus.PROCESSING
        ended = await end_of(services, run.request_id)
        await until(lambda: _folder_gone(settings, run.request_id))
    assert ended.status is RunStatus.CANCELLED
    assert stage_of(ended, StageName.AUDIO_UPLOAD).status is StageStatus.CANCELLED
    assert _objects(settings) == []
    assert (await services.runs.status.read(run.video_id))["AUDIO_UPLOAD_status"] == "cancelled"


async def test_f28_a_run_started_right_after_a_cancellation_lives(services: Services) -> None:
    first = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"sleep": 3600}}))
    async with working(services):
        await in_stage(services, first.request_id, StageName.TRANSCRIPTION)
        await services.runs.request_cancel(first.request_id)
        await end_of(services, first.request_id)
        second = await accepted(services)
        assert (await end_of(services, second.request_id)).status is RunStatus.COMPLETED


async def test_f09_an_entry_of_a_finished_run_is_dropped(services: Services) -> None:
    run = await accepted(services)
    async with working(services):
        done = await end_of(services, run.request_id)
        await services.queue.add(request_id=run.request_id, video_id=run.video_id, config={}, requested_at=now())
        await services.queue.add(request_id="never-heard-of", video_id="nor-this", config={}, requested_at=now())
        await until(lambda: _empty(services))
        assert await run_of(services, run.request_id) == done


async def test_f22_a_worker_takes_no_more_than_it_works_on(stack: Stack, services: Services, settings: Settings) -> None:
    go_on = settings.home / "go on"
    prompt = json.dumps({"TRANSCRIPTION": {"held": str(go_on)}})
    runs = [await accepted(services, f"https://example.com/{n}.mp4", prompt=prompt) for n in range(4)]
    async with working(services):
        for run in runs[:2]:
            await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        await asyncio.sleep(0.3)  # in which a worker that takes more would
        pending = await services.redis.xpending(redis_keys.STREAM, redis_keys.GROUP)
        assert pending["pending"] == 2
        go_on.touch()
        for run in runs:
            ended = await end_of(services, run.request_id)
            assert (ended.status, ended.attempt) == (RunStatus.COMPLETED, 1)


async def test_f05_a_run_that_redis_never_heard_of_starts(stack: Stack, services: Services, settings: Settings) -> None:
    deaf = build_services(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    async with working(services):
        await until(lambda: one(services, "SELECT count(*) FROM workers"))
        run = await accepted(deaf)
        assert (await end_of(services, run.request_id)).status is RunStatus.COMPLETED
    await deaf.close()


async def test_f18_an_emptied_redis_in_mid_run_loses_nothing(services: Services, settings: Settings) -> None:
    go_on = settings.home / "go on"
    prompt = json.dumps({"CLIP_UPLOAD": {"held": str(go_on)}})
    runs = [await accepted(services, f"https://example.com/{number}.mp4", prompt=prompt) for number in range(6)]
    async with working(services, count=2):
        for run in runs[:3]:  # before, while and after the first are held
            await services.redis.flushall()
            await in_stage(services, run.request_id, StageName.CLIP_UPLOAD)
        go_on.touch()
        for run in runs:
            ended = await end_of(services, run.request_id)
            assert ended.status is RunStatus.COMPLETED
            assert executions(ended) == [1] * 8
        assert [key async for key in services.redis.scan_iter("pipeline:*:lock")] == []


async def test_a_config_that_can_not_be_read_ends_its_run_and_holds_up_no_other(services: Services) -> None:
    bad, good = await accepted(services, "https://example.com/a.mp4"), await accepted(services, "https://example.com/b.mp4")
    async with services.database.transaction() as session:
        await session.execute(
            text("UPDATE pipeline_history SET config = '{\"options\": 1}' WHERE identifier = :id"), {"id": bad.request_id}
        )
    await services.redis.flushdb()
    async with working(services):
        assert (await end_of(services, good.request_id)).status is RunStatus.COMPLETED
        ended = await end_of(services, bad.request_id)
    assert ended.error is not None
    assert ended.error.code == "config_unreadable"


async def test_a_database_that_drops_all_connections_stops_no_run(services: Services, settings: Settings) -> None:
    """PostgreSQL restarts: pool, lease and slots connect again, and the run goes on where it is."""
    go_on = settings.home / "go on"
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"held": str(go_on), "slot": True}}))
    async with working(services, renew_seconds=0.2):
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        for _ in range(3):
            await until(lambda: _others_dropped(services))
            await renewed(services, run.request_id)
        go_on.touch()
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED
    assert (ended.attempt, ended.crashes) == (1, 0)
    assert executions(ended) == [1] * 8


async def _others_dropped(services: Services) -> bool:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with services.database.transaction() as session:
        await session.execute(text(others))
    return True


async def test_a_run_handed_back_while_reconcilers_look_runs_once(services: Services) -> None:
    run = await accepted(services)
    claim = await services.runs.claim(run.request_id, "worker-gone")
    assert claim is not None
    reconcilers = [Reconciler(services, f"worker-{number}") for number in range(3)]
    await asyncio.gather(services.runs.hand_back(claim), *(one.run_once() for one in reconcilers for _ in range(3)))
    async with working(services, count=3):
        ended = await end_of(services, run.request_id)
        await until(lambda: _empty(services))
    assert executions(ended) == [1] * 8
    assert (ended.attempt, ended.crashes) == (2, 0)


async def test_the_reconciler_comes_round_to_every_run(services: Services) -> None:
    """More runs are queued than one pass takes: those that came last are not left out of an emptied stream."""
    snapshot_of = await accepted(services, "https://example.com/0.mp4")
    async with services.database.transaction() as session:
        await session.execute(
            text("""
                WITH made AS (INSERT INTO videos (identifier, source_url, source_key, title)
                              SELECT 'v' || n, 'u' || n, 'k' || n, 't' FROM generate_series(1, 220) AS n RETURNING id, identifier)
                INSERT INTO pipeline_history (identifier, video_id, status, kind, config, created_at)
                SELECT 'r' || made.identifier, made.id, 'queued', 'pipeline', first.config, now() - interval '1 minute'
                FROM made, (SELECT config FROM pipeline_history WHERE identifier = :id) AS first
            """),
            {"id": snapshot_of.request_id},
        )
    await services.redis.flushdb()
    reconciler = Reconciler(services, "worker-a")
    for _ in range(3):
        await reconciler.run_once()
    assert await services.queue.depth() >= 220


async def test_f15_workers_that_come_and_go_leave_no_consumers(services: Services) -> None:
    runs = [await accepted(services, f"https://example.com/{number}.mp4") for number in range(4)]
    for _ in range(3):
        async with working(services, count=5):
            await until(lambda: one(services, "SELECT count(*) = 5 FROM workers"))
    assert await services.redis.xinfo_consumers(redis_keys.STREAM, redis_keys.GROUP) == []
    async with working(services):
        for run in runs:
            assert (await end_of(services, run.request_id)).status is RunStatus.COMPLETED


async def test_f26_an_idle_worker_shows_that_it_lives(services: Services) -> None:
    async with working(services, renew_seconds=0.2):
        await until(lambda: one(services, "SELECT count(*) FROM workers"))
        for _ in range(2):
            seen = await one(services, "SELECT max(seen_at) FROM workers")

            async def later(seen: object = seen) -> bool:
                return bool(await one(services, "SELECT max(seen_at) FROM workers") != seen)

            await until(later)


async def test_f23_a_stage_that_hangs_is_taken_up_again(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"silent": 3600, "attempts": [1]}}))
    clocks: list[ProgressClock] = []
    caplog.set_level("INFO")
    async with working(services, count=2, renew_seconds=0.2, seen=lambda _, clock: clocks.append(clock)):
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)

        async def stopped() -> bool:
            # Again each time: a stage gives one more sign once its beginning is written, which is what was waited for.
            clocks[-1].last_sign -= 600
            return "stopping: stalled" in caplog.text

        await until(stopped)
        await lapse(services)
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED
    assert (ended.attempt, ended.crashes) == (2, 1)
    assert executions(ended) == [1, 1, 1, 2, 1, 1, 1, 1]


async def test_f01_a_stage_of_three_renewals_runs_once_among_three_workers(services: Services, settings: Settings) -> None:
    go_on = settings.home / "go on"
    run = await accepted(services, prompt=json.dumps({"TRANSCRIPTION": {"held": str(go_on)}}))
    async with working(services, count=3, renew_seconds=0.2):
        await in_stage(services, run.request_id, StageName.TRANSCRIPTION)
        for _ in range(3):
            await renewed(services, run.request_id)
            assert await services.runs.claim(run.request_id, "worker-z") is None
        go_on.touch()
        ended = await end_of(services, run.request_id)
    assert ended.status is RunStatus.COMPLETED
    assert executions(ended) == [1] * 8
    assert ended.attempt == 1


async def test_videos_keep_their_turn_when_redis_is_emptied(services: Services) -> None:
    runs = [await accepted(services, f"https://example.com/{number}.mp4") for number in range(30)]
    await services.redis.flushdb()
    await one(
        services, "WITH old AS (UPDATE pipeline_history SET enqueued_at = now() - interval '1 hour' RETURNING 1) SELECT count(*) FROM old"
    )
    await Reconciler(services, "worker-a").run_once()
    entries = await services.redis.xrange(redis_keys.STREAM)
    assert [fields["request_id"] for _, fields in entries] == [run.request_id for run in runs]
