"""What the orchestrator takes over from an earlier attempt, what it does again, and what it clears away. Stages of our own, no models."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from support.backend import claimed, run_of
from support.workers import executions, until
from videomoments.core.errors import MomentsError, OutOfSpace, ServiceUnavailable, StorageError
from videomoments.core.names import StageName
from videomoments.pipeline.calling import WaitLimits
from videomoments.pipeline.limits import check_quota
from videomoments.pipeline.orchestrator import StageFailed, run_stages
from videomoments.pipeline.stage import Outcome, ProgressClock, Stage, StageAdapters, StageContext
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.storage.layout import audio_key

FIRST, SECOND = StageName.VIDEO_DOWNLOAD, StageName.AUDIO_EXTRACTION


def _unwatched(_: ProgressClock, __: float) -> None:
    return


async def _again(services: Services, claim: Claim) -> Claim:
    """The next attempt of the run."""
    await services.runs.hand_back(claim)
    following = await services.runs.claim(claim.request_id, "worker-b")
    assert following is not None
    return following


async def _first(_: StageContext) -> Outcome:
    return Outcome({"note": "found nothing"})


@pytest.mark.parametrize(("changed", "counts", "runs"), [(False, True, 1), (True, True, 2), (False, False, 2)])
async def test_f12_a_checkpoint_counts_while_its_input_is_the_same_and_its_product_is_there(
    services: Services, parts: StageAdapters, changed: bool, counts: bool, runs: int
) -> None:
    value = 1

    async def inputs(_: StageContext) -> Mapping[str, Any]:
        return {"value": value}

    async def still_there(_: StageContext, checkpoint: Mapping[str, Any]) -> bool:
        assert checkpoint == {"note": "found nothing"}
        return counts

    stages = (Stage(name=FIRST, run=_first, inputs=inputs, checkpoint_valid=still_there),)
    claim = await claimed(services)
    assert await run_stages(claim, parts, _unwatched, stages) == "found nothing"
    value = 2 if changed else 1
    claim = await _again(services, claim)
    assert await run_stages(claim, parts, _unwatched, stages) == "found nothing", "the remark is not lost with the attempt"
    assert executions(await run_of(services, claim.request_id))[0] == runs


async def _stored(context: StageContext) -> str:
    claim = context.claim
    key = audio_key(claim.video_id, claim.request_id, claim.attempt)
    path = context.scratch("made") / "a.wav"
    path.write_bytes(b"sound")
    await context.put(key, path, "audio/wav")
    return key


async def test_f60_a_run_stopped_in_a_publication_keeps_what_the_row_names(services: Services, parts: StageAdapters) -> None:
    committing = asyncio.Event()

    async def slow_commit(context: StageContext, key: str) -> None:
        committing.set()
        await asyncio.sleep(0.3)
        await context.services.videos.publish_audio(context.claim, key)

    async def store(context: StageContext) -> Outcome:
        key = await _stored(context)
        await context.publish(slow_commit(context, key), key)
        await asyncio.sleep(60)
        return Outcome()

    claim = await claimed(services)
    work = asyncio.create_task(run_stages(claim, parts, _unwatched, (Stage(name=FIRST, run=store),)))
    await committing.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    named = (await services.videos.get(claim.video_id)).audio_url
    assert named is not None
    assert (await parts.store.head(named)).size == 5


async def test_f60_a_commit_whose_answer_was_lost_keeps_its_object(services: Services, parts: StageAdapters) -> None:
    """The transaction went through, its answer did not come: the row is asked before anything is removed."""

    async def commit_and_fail(context: StageContext, key: str) -> None:
        await context.services.videos.publish_audio(context.claim, key)
        raise ZeroDivisionError

    async def store(context: StageContext) -> Outcome:
        key = await _stored(context)
        await context.publish(commit_and_fail(context, key), key)
        return Outcome()

    claim = await claimed(services)
    with pytest.raises(Exception, match="Something went wrong"):
        await run_stages(claim, parts, _unwatched, (Stage(name=FIRST, run=store),))
    named = (await services.videos.get(claim.video_id)).audio_url
    assert named is not None
    await parts.store.head(named)


async def test_progress_is_written_while_a_stage_runs(services: Services, parts: StageAdapters) -> None:
    seen: list[float | None] = []

    async def slow(context: StageContext) -> Outcome:
        context.report(0.25)
        context.report(0.1)  # never back

        async def written() -> bool:
            return bool((await run_of(services, context.claim.request_id)).stages[0].progress)  # a stage starts at 0

        await until(written)
        seen.append((await run_of(services, context.claim.request_id)).stages[0].progress)
        return Outcome()

    claim = await claimed(services)
    await run_stages(claim, parts, _unwatched, (Stage(name=FIRST, run=slow),))
    assert seen == [0.25]
    assert (await run_of(services, claim.request_id)).stages[0].progress is None


async def test_a_cancellation_at_the_end_of_a_stage_is_not_taken_for_the_progress_writers(services: Services, parts: StageAdapters) -> None:
    """The run stops, wherever the cancellation meets it."""

    async def quick(context: StageContext) -> Outcome:
        context.report(0.5)
        asyncio.get_running_loop().call_later(0.0, work.cancel)
        return Outcome()

    async def never(_: StageContext) -> Outcome:
        raise AssertionError("the run went on")

    claim = await claimed(services)
    work = asyncio.create_task(run_stages(claim, parts, _unwatched, (Stage(name=FIRST, run=quick), Stage(name=SECOND, run=never))))
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_f61_a_stage_waits_for_room_among_the_temporary_files_of_all_runs(services: Services, parts: StageAdapters) -> None:
    claim = await claimed(services)
    crowded = replace(parts, settings=parts.settings.model_copy(update={"temp_quota_bytes": 64 * 1024}))
    left = parts.settings.work_folder / "another-run" / "source.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(128 * 1024))
    began: list[StageName] = []

    async def begin(_: StageContext) -> Outcome:
        began.append(FIRST)
        return Outcome()

    running = asyncio.create_task(run_stages(claim, crowded, _unwatched, (Stage(FIRST, begin),)))

    async def is_processing() -> bool:
        return executions(await run_of(services, claim.request_id))[0] == 1

    await until(is_processing)
    await asyncio.sleep(0.1)
    assert began == [], "there is no room"
    left.unlink()
    await running
    assert began == [FIRST]


async def test_f61_a_machine_that_stays_crowded_fails_the_run_with_advice(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "clip.mp4").write_bytes(bytes(128 * 1024))
    await check_quota(tmp_path, 1024**2)
    with pytest.raises(OutOfSpace, match="may take") as refused:
        await check_quota(tmp_path, 64 * 1024)
    assert refused.value.retryable
    assert "MOMENTS_TEMP_QUOTA_BYTES" in refused.value.advice


class Away:
    """A part that fails so many times; time is played, and what the run shows while it sleeps is noted."""

    def __init__(self, services: Services, error: MomentsError, times: int) -> None:
        self.now = 0.0
        self.tries = 0
        self.seen: set[str | None] = set()
        self._services, self._error, self._times = services, error, times

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        async with self._services.database.transaction() as session:
            self.seen.add(await session.scalar(text("SELECT waiting_for FROM pipeline_history")))

    async def run(self, _: StageContext) -> Outcome:
        self.tries += 1
        if self.tries <= self._times:
            raise self._error
        return Outcome()

    def stages(self) -> tuple[Stage, ...]:
        return Stage(name=FIRST, run=_first), Stage(name=SECOND, run=self.run)

    def parts(self, parts: StageAdapters) -> StageAdapters:
        return replace(parts, patience=WaitLimits(clock=lambda: self.now, sleep=self.sleep))


async def test_a_store_that_comes_back_is_waited_for_and_shown(services: Services, parts: StageAdapters) -> None:
    away = Away(services, StorageError("The store is away."), 40)
    claim = await claimed(services)
    await run_stages(claim, away.parts(parts), _unwatched, away.stages())
    assert away.tries == 41
    assert away.seen == {None, "storage"}
    assert (await run_of(services, claim.request_id)).waiting_for is None


async def test_a_store_that_stays_away_fails_the_run_when_all_time_is_spent(services: Services, parts: StageAdapters) -> None:
    away = Away(services, StorageError("The store is away."), 10_000)
    with pytest.raises(StageFailed) as caught:
        await run_stages(await claimed(services), away.parts(parts), _unwatched, away.stages())
    assert caught.value.error.code == "storage_error"
    assert 600 <= away.now < 620


async def test_a_store_that_never_took_anything_is_not_waited_for(services: Services, parts: StageAdapters) -> None:
    away = Away(services, StorageError("The store is away."), 10_000)
    with pytest.raises(StageFailed):
        await run_stages(await claimed(services), away.parts(parts), _unwatched, away.stages()[1:])
    assert (away.tries, away.seen) == (6, {None})


async def test_a_database_in_its_restart_is_waited_for_longer_than_six_tries(services: Services, parts: StageAdapters) -> None:
    away = Away(services, ServiceUnavailable("PostgreSQL does not answer."), 12)
    await run_stages(await claimed(services), away.parts(parts), _unwatched, away.stages())
    assert away.tries == 13


async def test_what_waiting_does_not_mend_is_not_tried_again(services: Services, parts: StageAdapters) -> None:
    away = Away(services, StorageError("The store refuses.", retryable=False), 10_000)
    with pytest.raises(StageFailed):
        await run_stages(await claimed(services), away.parts(parts), _unwatched, away.stages())
    assert away.tries == 1
