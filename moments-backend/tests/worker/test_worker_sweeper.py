"""What nobody will use again is cleared away, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend import accepted, claimed, one
from support.workers import WATCHDOG_SECONDS, end_of, in_stage, until, worker_process, working
from videomoments.coordination import redis_keys
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, NotFound, StaleAttempt
from videomoments.core.names import RunStatus, StageName
from videomoments.core.times import now
from videomoments.services.runs import Claim
from videomoments.services.videos import SourceFile
from videomoments.services.wiring import Services
from videomoments.storage import ObjectStore, configured_store
from videomoments.storage.layout import audio_key, source_key, upload_key, waveform_key
from videomoments.worker.sweeper import Sweeper


@pytest.fixture
def store(settings: Settings) -> ObjectStore:
    return configured_store(settings)


@pytest.fixture
def sweeper(services: Services, store: ObjectStore) -> Sweeper:
    return Sweeper(services, store)


async def _put(store: ObjectStore, key: str, tmp_path: Path) -> str:
    path = tmp_path / "sound.wav"
    path.write_bytes(b"sound")
    await store.put_file(key, path, content_type="audio/wav")
    return key


async def _left(store: ObjectStore) -> set[str]:
    return {found.key async for found in store.list("")}


async def _overtaken(services: Services, claim: Claim) -> Claim:
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE pipeline_history SET lease_until = now() - interval '1 second'"))
    newer = await services.runs.claim(claim.request_id, "worker-b")
    assert newer is not None
    return newer


async def test_f60_of_two_attempts_objects_one_is_left(services: Services, store: ObjectStore, sweeper: Sweeper, tmp_path: Path) -> None:
    first = await claimed(services)
    stale = await _put(store, audio_key(first.video_id, first.request_id, 1), tmp_path)
    second = await _overtaken(services, first)
    # Published before the sweep, and not yet published when it comes:
    named = await _put(store, audio_key(second.video_id, second.request_id, 2), tmp_path)
    await services.videos.publish_audio(second, named)
    pending = await _put(store, audio_key(second.video_id, second.request_id, 3), tmp_path)
    assert await sweeper.sweep_store() == 1
    assert await _left(store) == {named, pending}
    with pytest.raises(StaleAttempt):
        await services.videos.publish_audio(first, stale)
    await services.runs.finish(second, RunStatus.COMPLETED)
    assert await sweeper.sweep_store() == 1
    assert await _left(store) == {named}


async def test_f60_uploads_are_given_a_day_and_others_objects_are_left_alone(
    services: Services, settings: Settings, store: ObjectStore, sweeper: Sweeper, tmp_path: Path
) -> None:
    video, _ = await services.videos.register_url("https://example.com/a.mp4")
    fresh = await _put(store, upload_key(video.identifier, "11111111-2222-3333-4444-555555555555", ".mp4"), tmp_path)
    old = await _put(store, upload_key(video.identifier, "99999999-2222-3333-4444-555555555555", ".mp4"), tmp_path)
    day = time.time() - 90_000
    os.utime(settings.home / "store" / old, (day, day))
    unknown = await _put(store, audio_key("another-library", "11111111-2222-3333-4444-555555555555", 1), tmp_path)
    foreign = await _put(store, "notes/readme.json", tmp_path)
    assert await sweeper.sweep_store() == 1
    assert await _left(store) == {fresh, unknown, foreign}


async def test_audio_that_can_be_extracted_again_goes_when_its_days_are_over(
    services: Services, settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    claim = await claimed(services)
    audio = await _put(store, audio_key(claim.video_id, claim.request_id, 1), tmp_path)
    drawn = await _put(store, waveform_key(audio), tmp_path)
    source = await _put(store, source_key(claim.video_id, claim.request_id, 1, ".wav"), tmp_path)
    await services.videos.publish_source(claim, SourceFile(source, 5, "audio/wav", 1.0, None, {}), None)
    await services.videos.publish_audio(claim, audio)
    others = await _put(store, audio_key("another-library", claim.request_id, 1), tmp_path)
    month = time.time() - 31 * 86_400
    for key in (audio, drawn, source, others):
        os.utime(settings.home / "store" / key, (month, month))
    for days, left in ((0, {audio, drawn, source, others}), (32, {audio, drawn, source, others}), (30, {drawn, source, others})):
        patient = dataclasses.replace(services, settings=settings.model_copy(update={"audio_days": days}))
        await Sweeper(patient, store).sweep_store()
        assert await _left(store) == left, days


async def test_f61_folders_of_ended_runs_are_swept(services: Services, settings: Settings, sweeper: Sweeper) -> None:
    run = await accepted(services)
    for name in (run.request_id, "a-run-that-ended"):
        (settings.home / "work" / name).mkdir(parents=True)
    assert await sweeper.sweep_folders(settings.home / "work") == 1
    assert [path.name for path in (settings.home / "work").iterdir()] == [run.request_id]


async def test_f30_a_run_that_ended_while_redis_was_away_does_not_show_as_active(services: Services, sweeper: Sweeper) -> None:
    claim = await claimed(services, "https://example.com/a.mp4")
    going_on = await claimed(services, "https://example.com/b.mp4")
    async with services.database.transaction() as session:
        await session.execute(
            text("UPDATE pipeline_history SET status = 'completed', completed_at = now() WHERE identifier = :id"), {"id": claim.request_id}
        )
    assert await sweeper.sweep_keys() == 1
    assert (await services.runs.status.read(claim.video_id))["status"] == "completed"
    assert await services.redis.ttl(redis_keys.active(claim.video_id)) > 0
    assert not await services.redis.exists(redis_keys.lock(claim.video_id))
    assert await services.redis.exists(redis_keys.lock(going_on.video_id))
    assert await services.redis.ttl(redis_keys.active(going_on.video_id)) == -1
    assert await sweeper.sweep_keys() == 0


async def test_one_of_the_live_workers_sweeps_the_store(services: Services, sweeper: Sweeper) -> None:
    async with services.database.transaction() as session:
        await session.execute(
            text("""INSERT INTO workers (name, host, pid, seen_at) VALUES ('worker-a', 'here', 1, now() - interval '1 hour'),
                    ('worker-b', 'here', 2, now()), ('worker-c', 'here', 3, now())""")
        )
    assert [await sweeper.is_first(f"worker-{letter}") for letter in "abc"] == [False, True, False]


@pytest.fixture
async def mid_run(services: Services, settings: Settings) -> AsyncIterator[dict[StageName, str]]:
    """A run in each of the eight stages, each with an object that no row names yet: stage to video."""
    many = settings.limits.model_copy(update={"pipelines": 8})
    script = {"store": True, "sleep": 3600}
    runs = {name: await accepted(services, f"https://example.com/{name}.mp4", prompt=json.dumps({name: script})) for name in StageName}
    with worker_process(settings.model_copy(update={"limits": many})):
        for name, run in runs.items():
            await in_stage(services, run.request_id, name)
        yield {name: run.video_id for name, run in runs.items()}


@pytest.mark.fault
async def test_f63_a_video_deleted_in_any_stage_leaves_nothing(
    services: Services, settings: Settings, store: ObjectStore, mid_run: dict[StageName, str]
) -> None:
    async def all_stored() -> bool:
        return len(await _left(store)) == 8

    await until(all_stored)
    for video_id in mid_run.values():
        assert await services.deletion.purge(video_id, store, patience=WATCHDOG_SECONDS)
    assert await _left(store) == set()
    for table in ("videos", "pipeline_history", "pipeline_stages", "thumbnails", "clips", "moments", "transcripts"):
        assert await one(services, f"SELECT count(*) FROM {table}") == 0, table
    # A worker that has just ended its run may write the mirror of it after the deletion: for a day.
    assert [
        key async for key in services.redis.scan_iter("pipeline:*") if key != redis_keys.STREAM and await services.redis.ttl(key) < 0
    ] == []

    async def no_folders() -> bool:
        return not any((settings.home / "work").iterdir())

    await until(no_folders)


async def test_f63_what_was_deleted_can_be_restored_until_its_time_is_over(
    services: Services, store: ObjectStore, sweeper: Sweeper, tmp_path: Path
) -> None:
    run = await accepted(services)
    kept = await _put(store, audio_key(run.video_id, run.request_id, 1), tmp_path)
    await services.deletion.hide(run.video_id)
    assert (await services.run_queries.get(run.request_id)).status is RunStatus.CANCELLED
    with pytest.raises(NotFound):
        await services.videos.get(run.video_id)
    assert await services.deletion.purge_due(store) == 0
    await services.deletion.restore(run.video_id)
    assert (await services.videos.get(run.video_id)).identifier == run.video_id
    assert await _left(store) == {kept}
    with pytest.raises(NotFound):
        await services.deletion.restore(run.video_id)

    await services.deletion.hide(run.video_id)
    again = await accepted(services)  # the same source, added anew
    with pytest.raises(Conflict):
        await services.deletion.restore(run.video_id)
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE videos SET deleted_at = now() - interval '11 minutes' WHERE deleted_at IS NOT NULL"))
    await sweeper.sweep_shared()
    assert await _left(store) == set()
    assert await one(services, "SELECT count(*) FROM videos") == 1
    async with working(services):
        assert (await end_of(services, again.request_id)).status is RunStatus.COMPLETED
    with pytest.raises(NotFound):
        await services.deletion.hide(run.video_id)


async def test_f20_entries_of_ended_runs_that_redis_gave_back_are_dropped(services: Services, sweeper: Sweeper) -> None:
    ended, active = await claimed(services), await accepted(services, "https://example.com/other.mp4")
    await services.runs.finish(ended, RunStatus.COMPLETED)
    await services.queue.ensure_group()
    for request_id in (ended.request_id, "of-a-deleted-video"):
        await services.queue.add(request_id=request_id, video_id=ended.video_id, config={}, requested_at=now())
    read = await services.queue.read("worker-a", 2, 100)
    assert len(read) == 2, "some are read, some are not: both may come back"
    await sweeper.sweep_entries()
    assert [entry.request_id async for page in services.queue.pages() for entry in page] == [active.request_id]
    assert await sweeper.sweep_entries() == 0
