"""What other tools read in Redis: names, fields and lives of the keys, to the letter of the overview's section 4."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from support.backend import accepted, claimed, run_of
from support.workers import end_of, in_stage, working
from videomoments.coordination import redis_keys
from videomoments.core import times
from videomoments.core.errors import ModelError
from videomoments.core.names import RunStatus, StageName
from videomoments.core.times import isoformat, now
from videomoments.services.retrying import retry_run
from videomoments.services.runs import Claim
from videomoments.services.stage_records import StageRecords
from videomoments.services.wiring import Services

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")


async def _hash(services: Services, key: str) -> dict[str, str]:
    return dict(await services.redis.hgetall(key))


async def test_the_entry_of_a_run_has_the_four_fields(services: Services) -> None:
    run = await accepted(services, prompt="the jokes")
    [(_, fields)] = await services.redis.xrange("pipeline:requests")
    assert set(fields) == {"request_id", "video_id", "config", "requested_at"}
    assert (fields["request_id"], fields["video_id"]) == (run.request_id, run.video_id)
    assert _STAMP.match(fields["requested_at"])
    config = json.loads(fields["config"])
    assert config["prompt"] == "the jokes"
    assert config["generation_model"] == "extractive"
    assert config["refinement_model"] == "signal"


async def test_a_queued_run_shows_its_hash_and_its_lock(services: Services) -> None:
    run = await accepted(services)
    active = await _hash(services, f"pipeline:{run.video_id}:active")
    assert active == {"request_id": run.request_id, "status": "queued"}
    assert await services.redis.get(f"pipeline:{run.video_id}:lock") == f"{run.request_id}:0"
    assert 1700 < await services.redis.ttl(f"pipeline:{run.video_id}:lock") <= 1800


async def test_each_stage_writes_its_fields(services: Services) -> None:
    claim = await claimed(services)
    records = StageRecords(services.runs)
    await records.start(claim, StageName.AUDIO_EXTRACTION, "h")
    await records.complete(claim, StageName.AUDIO_EXTRACTION, {})
    await records.start(claim, StageName.TRANSCRIPTION, "h")
    active = await _hash(services, f"pipeline:{claim.video_id}:active")
    assert active["request_id"] == claim.request_id
    assert active["status"] == "processing"
    assert active["current_stage"] == "TRANSCRIPTION"
    assert active["AUDIO_EXTRACTION_status"] == "completed"
    assert active["TRANSCRIPTION_status"] == "processing"
    assert "TRANSCRIPTION_completed_at" not in active
    for field in ("AUDIO_EXTRACTION_started_at", "AUDIO_EXTRACTION_completed_at", "TRANSCRIPTION_started_at"):
        assert _STAMP.match(active[field]), field


async def test_a_finished_run_leaves_its_history_and_no_lock(services: Services) -> None:
    claim = await claimed(services)
    await services.runs.finish(claim, RunStatus.COMPLETED)
    assert await services.redis.exists(redis_keys.lock(claim.video_id), redis_keys.cancel(claim.video_id)) == 0
    run = await _hash(services, f"pipeline:run:{claim.request_id}")
    assert run["status"] == "completed"
    assert run["video_id"] == claim.video_id
    assert _STAMP.match(run["completed_at"])
    assert 86_000 < await services.redis.ttl(f"pipeline:run:{claim.request_id}") <= 86_400
    assert await services.redis.zrange(f"pipeline:{claim.video_id}:history", 0, -1) == [claim.request_id]


async def test_the_history_holds_all_of_a_run(services: Services) -> None:
    run = await accepted(services, prompt="the jokes")
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    records = StageRecords(services.runs)
    await records.start(claim, StageName.VIDEO_DOWNLOAD, "h")
    await records.complete(claim, StageName.VIDEO_DOWNLOAD, {})
    await records.skip(claim, StageName.CLIP_EXTRACTION, "the model takes no clips")
    await services.runs.finish(claim, RunStatus.COMPLETED, note="Nothing was found.")
    row = await run_of(services, run.request_id)
    seen = await _hash(services, f"pipeline:run:{run.request_id}")
    assert (seen["request_id"], seen["video_id"], seen["kind"], seen["status"]) == (run.request_id, run.video_id, "pipeline", "completed")
    assert (seen["attempt"], seen["crashes"], seen["note"]) == ("1", "0", "Nothing was found.")
    for field, at in (("created_at", row.created_at), ("started_at", row.started_at), ("completed_at", row.completed_at)):
        assert seen[field] == isoformat(at), field
    config = json.loads(seen["config"])
    assert (config["prompt"], config["generation_model"], config["refinement_model"]) == ("the jokes", "extractive", "signal")
    assert {stage.name.value: stage.status.value for stage in row.stages} == {name.value: seen[f"{name}_status"] for name in StageName}
    download = row.stages[0]
    assert (seen["VIDEO_DOWNLOAD_started_at"], seen["VIDEO_DOWNLOAD_completed_at"]) == (
        isoformat(download.started_at),
        isoformat(download.completed_at),
    )
    assert "TRANSCRIPTION_started_at" not in seen
    assert seen["CLIP_EXTRACTION_reason"] == "the model takes no clips"


@pytest.mark.parametrize("ending", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
async def test_a_run_that_has_ended_is_in_no_stage(services: Services, ending: RunStatus) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    assert (await _hash(services, redis_keys.active(claim.video_id)))["current_stage"] == "TRANSCRIPTION"
    await services.runs.finish(claim, ending)
    for key in (redis_keys.active(claim.video_id), redis_keys.run(claim.request_id)):
        shown = await _hash(services, key)
        assert (shown["status"], "current_stage" in shown) == (ending.value, False)


async def test_a_run_that_is_cancelled_while_nobody_holds_it_is_in_no_stage_either(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    assert await services.runs.hand_back(claim)
    await services.runs.request_cancel(claim.request_id)
    shown = await _hash(services, redis_keys.active(claim.video_id))
    assert (shown["status"], shown["TRANSCRIPTION_status"], "current_stage" in shown) == ("cancelled", "cancelled", False)
    assert (await _hash(services, redis_keys.run(claim.request_id)))["TRANSCRIPTION_status"] == "cancelled"


async def test_an_end_that_is_mirrored_late_takes_the_stage_away(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    assert await services.runs.status.settle(claim.video_id, claim.request_id, {"status": "failed"})
    shown = await _hash(services, redis_keys.active(claim.video_id))
    assert (shown["status"], "current_stage" in shown) == ("failed", False)


async def test_times_in_redis_are_those_of_postgresql(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose clock is two hours ahead shows the same times as any other."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Ahead:
            return cls.fromtimestamp(time.time() + 7200, tz)

    monkeypatch.setattr(times, "datetime", Ahead)
    assert times.now() > datetime.now(UTC) + timedelta(hours=1), "the clock is ahead"
    run = await accepted(services)
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    records = StageRecords(services.runs)
    await records.start(claim, StageName.TRANSCRIPTION, "h")
    await records.complete(claim, StageName.TRANSCRIPTION, {})
    assert await services.runs.hand_back(claim)
    again = await services.runs.claim(run.request_id, "worker-b")
    assert again is not None
    await services.runs.finish(again, RunStatus.COMPLETED)
    row = await run_of(services, run.request_id)
    stage = next(stage for stage in row.stages if stage.name is StageName.TRANSCRIPTION)
    for key in (redis_keys.active(run.video_id), redis_keys.run(run.request_id)):
        shown = await _hash(services, key)
        assert shown["completed_at"] == isoformat(row.completed_at)
        assert shown["TRANSCRIPTION_started_at"] == isoformat(stage.started_at)
        assert shown["TRANSCRIPTION_completed_at"] == isoformat(stage.completed_at)
    assert row.completed_at is not None
    [(_, score)] = await services.redis.zrange(redis_keys.history(run.video_id), 0, -1, withscores=True)
    assert score == pytest.approx(row.completed_at.timestamp(), abs=0.001)
    entries = await services.redis.xrange("pipeline:requests")
    assert {fields["requested_at"] for _, fields in entries} == {isoformat(row.created_at)}


async def test_a_failed_stage_is_failed_in_the_hash_too(services: Services) -> None:
    claim = await claimed(services)
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "h")
    error = ModelError("The model hung up.", code="model_unreachable")
    await services.runs.finish(claim, RunStatus.FAILED, error=error, error_stage=StageName.TRANSCRIPTION)
    active = await _hash(services, redis_keys.active(claim.video_id))
    assert active["status"] == "failed"
    assert active["error_stage"] == "TRANSCRIPTION"
    assert active["TRANSCRIPTION_status"] == "failed"
    assert json.loads(active["error"])["code"] == "model_unreachable"


async def test_no_key_of_a_finished_run_lives_for_ever(services: Services) -> None:
    claim = await claimed(services)
    await services.runs.request_cancel(claim.request_id)
    await services.runs.finish(claim, RunStatus.CANCELLED)
    # The queue itself and the registry of models are meant to stay.
    lasting = [key async for key in services.redis.scan_iter("*") if await services.redis.ttl(key) == -1]
    assert [key for key in lasting if key != redis_keys.STREAM and not key.startswith("model:config:")] == []


async def test_f33_the_history_set_loses_ids_whose_hash_has_gone(services: Services) -> None:
    claim = await claimed(services)
    await services.runs.finish(claim, RunStatus.COMPLETED)
    history = redis_keys.history(claim.video_id)
    await services.redis.zadd(history, {"long-ago": 1_000_000.0})
    await services.runs.history.trim(now())
    assert await services.redis.zrange(history, 0, -1) == [claim.request_id]
    await services.redis.zadd(history, {claim.request_id: 1_000_000.0})
    await services.runs.history.trim(now())
    assert not await services.redis.exists(history)


async def test_a_hash_never_mixes_two_runs(services: Services) -> None:
    """An API that dies between commit and announcement leaves the last run's hash standing: the claim replaces it."""
    first = await claimed(services)
    await StageRecords(services.runs).start(first, StageName.TRANSCRIPTION, "h")
    await services.runs.finish(first, RunStatus.COMPLETED)
    second = await accepted(services)
    await services.runs.status.release(second.video_id, second.request_id, 0, {})
    await services.redis.hset(
        redis_keys.active(second.video_id), mapping={"request_id": first.request_id, "TRANSCRIPTION_status": "completed"}
    )
    claim = await services.runs.claim(second.request_id, "worker-b")
    assert claim is not None
    assert await _hash(services, redis_keys.active(second.video_id)) == {"request_id": second.request_id, "status": "processing"}


async def test_the_registry_shows_every_model_and_no_secret(services: Services) -> None:
    models = await services.models.list()
    assert await services.redis.smembers("model:config:_keys") == {model.key for model in models}
    seen = await _hash(services, "model:config:qwen3_vl_fp8")
    assert seen["supports_video"] == "true"
    assert (seen["local_port"], seen["remote_host"], seen["remote_port"]) == ("6010", "worker-16", "8010")
    assert {"ssh_host", "ssh_user", "endpoint"} <= set(seen)
    assert (await _hash(services, "model:config:parakeet"))["endpoint"] == "/transcribe"
    assert not any("key" in field for field in seen)


async def test_a_removed_model_leaves_the_registry(services: Services) -> None:
    await services.models.remove("minimax")
    assert "minimax" not in await services.redis.smembers("model:config:_keys")
    assert not await services.redis.exists("model:config:minimax")


async def test_f28_the_cancel_key_names_the_run_it_is_meant_for(services: Services) -> None:
    claim = await claimed(services)
    await services.runs.request_cancel(claim.request_id)
    key = f"pipeline:{claim.video_id}:cancel"
    assert await services.redis.get(key) == claim.request_id
    assert 290 < await services.redis.ttl(key) <= 300
    await services.runs.finish(claim, RunStatus.CANCELLED)
    again: Claim = await claimed(services)
    assert not await services.redis.exists(key)
    assert (await run_of(services, again.request_id)).status is RunStatus.PROCESSING


async def test_f28_an_old_cancel_mark_is_not_removed_by_another_run(services: Services) -> None:
    claim = await claimed(services)
    await services.redis.set(redis_keys.cancel(claim.video_id), "another-run")
    await services.runs.finish(claim, RunStatus.COMPLETED)
    assert await services.redis.get(redis_keys.cancel(claim.video_id)) == "another-run"


async def test_every_key_that_runs_leave_goes_by_itself_or_is_meant_to_stay(services: Services) -> None:
    scripts = {
        "completed": "{}",
        "failed": '{"TRANSCRIPTION": {"raise": "input"}}',
        "cancelled": '{"TRANSCRIPTION": {"sleep": 3600}}',
        "retried": '{"TRANSCRIPTION": {"raise": "input", "attempts": [1]}}',
    }
    async with working(services):
        runs = {name: await accepted(services, f"https://example.com/{name}.mp4", prompt=script) for name, script in scripts.items()}
        await in_stage(services, runs["cancelled"].request_id, StageName.TRANSCRIPTION)
        await services.runs.request_cancel(runs["cancelled"].request_id)
        for run in runs.values():
            await end_of(services, run.request_id)
        await retry_run(services, runs["retried"].request_id)
        assert (await end_of(services, runs["retried"].request_id)).status is RunStatus.COMPLETED
    waiting = await accepted(services, "https://example.com/waiting.mp4")
    await claimed(services, "https://example.com/busy.mp4")
    page = (Path(__file__).parents[3] / "docs" / "redis" / "README.md").read_text()
    walked = [str(key) async for key in services.redis.scan_iter("*")]
    assert f"pipeline:{waiting.video_id}:lock" in walked
    for key in walked:
        shape = _shape(key)
        assert f"| `{shape}`" in page, f"{key} is not documented"
        if await services.redis.ttl(key) == -1:
            # The hash of an active run gets its time with the run's end.
            active = shape.endswith(":active") and await services.redis.hget(key, "status") in ("queued", "processing")
            assert active or shape in redis_keys.LASTING, f"{key} would live for ever"


def _shape(key: str) -> str:
    """`pipeline:0f3…:lock` as the page has it, `pipeline:{video_id}:lock`."""
    if key in (redis_keys.STREAM, redis_keys.MODEL_KEYS):
        return key
    key = re.sub(r"^pipeline:run:.+$", "pipeline:run:{request_id}", key)
    key = re.sub(r"^pipeline:[0-9a-f-]{36}:", "pipeline:{video_id}:", key)
    return re.sub(r"^model:config:.+$", "model:config:{key}", key)
