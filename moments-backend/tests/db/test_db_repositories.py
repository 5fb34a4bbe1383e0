"""Every query once, through the services that ask it: columns and fields of what it returns agree."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from support.backend import MADE_BY, accepted, claimed
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, MomentsError, NotFound, RunActive, StaleAttempt
from videomoments.core.names import ClipKind, RunKind, RunStatus, StageName, StageStatus
from videomoments.core.times import now
from videomoments.db.repositories import sessions, upkeep
from videomoments.db.repositories.objects import OwnedObject, named, orphaned
from videomoments.db.session import connect_arguments
from videomoments.inference.dialect import OVERVIEW, Dialect
from videomoments.inference.model_registry import DEFAULT_MODELS
from videomoments.inference.transcript import Segment, TimedTranscript, Word
from videomoments.services.api_keys import KeyScope
from videomoments.services.editing import MomentChange, WordChange
from videomoments.services.moments import NewMoment, StoredClip
from videomoments.services.resumable_uploads import ResumableUploads
from videomoments.services.run_queries import RunFilter
from videomoments.services.stage_records import StageRecords
from videomoments.services.upload_queries import Uploads
from videomoments.services.video_queries import VideoQueries, VideoSort
from videomoments.services.videos import SourceFile, StillImage
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

WORDS = (Word(0.0, 0.5, "Hello", 0.9), Word(0.5, 1.0, "world.", 0.8))
SAID = TimedTranscript("Hello world.", WORDS, (Segment(0.0, 1.0, "Hello world."),), "en", "x", 1.5)
MEASURED = SourceFile("videos/v/source.mp4", 5, "video/mp4", 180.5, "1280x720", {"duration": 180.5}, source_info={"site": "x"})
BODY = bytes(4000)


async def test_claims_waits_and_stages_of_runs(services: Services) -> None:
    runs = services.runs
    claim = await claimed(services)
    assert (claim.kind, claim.attempt, claim.crashes, claim.waiting_for, claim.waited) == (RunKind.PIPELINE, 1, 0, None, False)
    with pytest.raises(RunActive):
        await accepted(services)
    assert await services.waits.begin(claim, "parakeet") < 3600
    await services.waits.end(claim, answered=True)
    records = StageRecords(runs)
    await records.start(claim, StageName.VIDEO_DOWNLOAD, "h")
    await records.progress(claim, StageName.VIDEO_DOWNLOAD, 0.5)
    await records.complete(claim, StageName.VIDEO_DOWNLOAD, {"cloud_url": "k"})
    await records.skip(claim, StageName.AUDIO_EXTRACTION, "the file has no audio")
    left = await records.load(claim)
    done = left[StageName.VIDEO_DOWNLOAD]
    assert (done.status, done.input_hash, done.checkpoint, done.reason) == (StageStatus.COMPLETED, "h", {"cloud_url": "k"}, None)
    assert left[StageName.AUDIO_EXTRACTION].reason == "the file has no audio"
    assert await runs.defer(claim, 0.0)
    again = await runs.claim(claim.request_id, "worker-b")
    assert again is not None
    assert await runs.hand_back(again)
    last = await runs.claim(claim.request_id, "worker-c")
    assert last is not None
    assert not await runs.let_go(again)
    assert last.attempt == 3
    with pytest.raises(StaleAttempt):
        await runs.finish(claim, RunStatus.FAILED)


async def test_ends_of_runs(services: Services) -> None:
    runs, pages = services.runs, services.run_queries
    claim = await claimed(services)
    broken = MomentsError("Broken.", code="x", advice="Mend it.")
    await runs.finish(claim, RunStatus.FAILED, error=broken, error_stage=StageName.TRANSCRIPTION)
    view = await services.run_queries.get(claim.request_id)
    assert view.error is not None
    assert (view.error.code, view.error.advice, view.error.stage) == ("x", "Mend it.", StageName.TRANSCRIPTION)
    assert (view.status, view.video_id, view.attempt, view.owner, view.stalled) == (RunStatus.FAILED, claim.video_id, 1, None, False)
    assert await pages.page(RunFilter(status=RunStatus.FAILED, error_code="x", dismissed=False, since=view.created_at)) == [view]
    assert await pages.page(RunFilter(kind=RunKind.CLIPS, stalled=True, until=view.created_at)) == []
    assert await pages.history(claim.video_id, before=(view.created_at, view.run_id)) == []
    assert await services.dismissal.dismiss(claim.request_id) >= view.created_at
    assert await services.dismissal.dismiss_failed() == []
    await services.dismissal.bring_back(claim.request_id)
    nothing = await services.why_nothing.of_video(claim.video_id)
    assert nothing is not None
    assert nothing.message == "The run failed: Broken."
    retried = await runs.retry(claim.request_id, claim.snapshot)
    assert (retried.request_id, retried.video_id) == (claim.request_id, claim.video_id)
    with pytest.raises(Conflict, match="queued"):
        await services.dismissal.dismiss(claim.request_id)
    assert await runs.request_cancel(claim.request_id) is RunStatus.CANCELLED
    assert await runs.request_cancel(claim.request_id) is RunStatus.CANCELLED
    other = await accepted(services)
    with pytest.raises(Conflict) as refused:
        await runs.retry(claim.request_id, claim.snapshot)
    assert refused.value.code == "run_superseded"
    taken = await runs.claim(other.request_id, "worker-a")
    assert taken is not None
    await runs.finish(taken, RunStatus.COMPLETED, note="there was nothing")
    assert (await services.run_queries.latest(claim.video_id)).note == "there was nothing"
    ready = await pages.readiness()
    assert (ready.migrated, ready.workers, ready.queued) == (True, 0, 0)
    await pages.ping()


async def test_upkeep_of_runs_and_workers(services: Services, settings: Settings) -> None:
    run = await accepted(services)
    async with services.database.transaction() as session:
        assert await upkeep.active(session, [run.request_id, "other"]) == {run.request_id}
        assert await upkeep.ended(session, [run.request_id]) == {}
        assert await upkeep.left_cancelled(session) == []
        assert await upkeep.first_worker(session, 60.0) is None
        assert abs((await upkeep.clock(session) - now()).total_seconds()) < 3600
        (untended,) = await upkeep.take_untended(session, pause=-3600.0, most=5)
        assert (untended.request_id, untended.video_id, untended.status) == (run.request_id, run.video_id, "queued")
        await upkeep.note_entry(session, untended.run_id, "1-0")
    connection = await asyncpg.connect(**connect_arguments(settings.database_url or ""))
    try:
        await sessions.note_worker(connection, "worker-a", "here", 1)
        assert await sessions.has_live_worker(connection, "here", 60.0, seconds=600.0)
        assert not await sessions.has_live_worker(connection, "there", 60.0, seconds=600.0)
        claim = await services.runs.claim(run.request_id, "worker-a")
        assert claim is not None
        assert await sessions.renew(connection, [(claim.run_id, 1), (claim.run_id, 2)], 60.0) == {(claim.run_id, 1): False}
        assert await sessions.cancelled(connection, [claim.run_id]) == set()
        assert await services.runs.request_cancel(run.request_id) is RunStatus.PROCESSING
        assert await sessions.cancelled(connection, [claim.run_id]) == {claim.run_id}
        async with services.database.transaction() as session:
            assert await upkeep.first_worker(session, 60.0) == "worker-a"
            assert await upkeep.retire_workers(session, 60.0) == {"worker-a"}
        assert await sessions.take_slot(connection, 1, 2, seconds=600.0)
        await sessions.free_slot(connection, 1, 2, seconds=600.0)
        await sessions.remove_worker(connection, "worker-a")
        assert not await sessions.has_live_worker(connection, "here", 60.0, seconds=600.0)
    finally:
        connection.terminate()
    state = await services.totals.state()
    assert (state.queued, state.processing, state.leases, state.workers) == (0, 1, 1, 0)
    await services.totals.flush()
    assert await services.totals.read()


async def test_a_video_with_all_that_belongs_to_it(services: Services) -> None:
    claim = await claimed(services)
    await services.videos.publish_source(claim, MEASURED, StillImage("videos/v/still.jpg", 1.0, 320, 180))
    await services.videos.publish_audio(claim, "videos/v/audio.wav")
    assert await services.videos.source_info(claim.video_id) == {"site": "x"}
    assert await services.videos.objects_named(claim.video_pk, ["videos/v/audio.waveform", "nobody's"]) == {"videos/v/audio.waveform"}
    transcript = await services.transcripts.save(claim, SAID, language="en", input_hash="h")
    found = await services.transcripts.of_video(claim.video_id)
    assert found is not None
    assert (found.id, found.full_text) == (transcript, "Hello world.")
    await services.transcript_parts.keep(claim, "d", SAID)
    assert await services.transcript_parts.find(claim, "d") == SAID
    assert await services.transcript_parts.find(claim, "e") is None
    rows = [NewMoment(1.0, 12.0, "One", 0.9, None, "extractive"), NewMoment(20.0, 40.0, "Two", 0.5, None, "extractive")]
    first, second = await services.moments.save_generated(claim, rows, **MADE_BY)
    await services.moments.save_refined(claim, first, NewMoment(2.0, 11.0, "One", 0.9, None, "signal"))
    assert [view.moment.start_time for view in await services.moments.of_run(claim.run_id)] == [2.0, 20.0]
    run_id, unrefined = await services.moments.unrefined(claim.request_id)
    assert (run_id, [moment.id for moment in unrefined]) == (claim.request_id, [second.id])
    assert [one.id for one in await services.moments.untouched(claim.video_id, [second.identifier])] == [second.id]
    assert (await services.moments.refinable(claim.video_id, second.identifier))[1].id == claim.run_id
    clip = StoredClip(
        second.id, ClipKind.DELIVERED, "videos/v/c.mp4", 20.0, 40.0, 0, 0, "copy", 10, "video/mp4", StillImage("s", 20.0, 1, 1)
    )
    await services.moments.publish_clip(claim, clip)
    stored = (await services.moments.clips_of([second.id], ClipKind.DELIVERED))[second.id]
    queries = VideoQueries(services.database)
    assert await queries.clip_thumbnails([stored.id]) == {stored.id: "s"}
    await services.moments.publish_uncut(claim, first.id, "no")
    await services.videos.publish_audio_track(claim, {"duration": 90.0}, changed=True)
    assert await services.moments.clips_of([second.id], ClipKind.DELIVERED) == {}


async def test_what_people_do_to_a_video(services: Services) -> None:
    claim = await claimed(services)
    await services.videos.publish_source(claim, MEASURED, StillImage("videos/v/still.jpg", 1.0, 320, 180))
    await services.transcripts.save(claim, SAID, language="en", input_hash="h")
    await services.moments.save_generated(claim, [NewMoment(2.0, 12.0, "One", 0.9, None, "extractive")], **MADE_BY)
    made = await services.editing.create(claim.video_id, title="Mine", start_time=50.0, end_time=60.0)
    await services.editing.change(claim.video_id, made, MomentChange(title="Ours", start_time=0.0))
    await services.editing.delete(claim.video_id, made)
    await services.editing.restore(claim.video_id, made)
    await services.editing.remove_due()
    await services.editing.correct_words(claim.video_id, [WordChange(0, "Hello", "Hullo")])
    views = await services.moments.of_video(claim.video_id, request_id=claim.request_id)
    assert [view.moment.title for view in views] == ["One"]
    assert (await services.moments.one(claim.video_id, made)) is not None
    queries = VideoQueries(services.database)
    view = await queries.get(claim.video_id)
    assert (view.pk, view.request_id, view.status, view.moment_count) == (claim.video_pk, claim.request_id, RunStatus.PROCESSING, 1)
    assert (view.title, view.thumbnail, view.duration, view.nothing) == ("talk", "videos/v/still.jpg", 180.5, None)
    for sort in VideoSort:
        assert [one.pk for one in await queries.page(q="tal", status="processing", sort=sort)] == [claim.video_pk]
        assert (
            await queries.page(sort=sort, after=(view.created_at.isoformat() if sort is not VideoSort.TITLE else "zz", claim.video_pk))
            == []
        )
    assert (await queries.thumbnail(claim.video_id)).cloud_url == "videos/v/still.jpg"
    async with services.database.transaction() as session:
        theirs = [OwnedObject(key, claim.video_id, claim.request_id, 0, old=True) for key in ("videos/v/source.mp4", "videos/v/lost.mp4")]
        assert await orphaned(session, theirs) == ["videos/v/lost.mp4"]
        assert await named(session, claim.video_pk, ["s", "videos/v/source.mp4"]) == {"videos/v/source.mp4"}


async def test_a_video_that_goes(services: Services, settings: Settings) -> None:
    video, _ = await services.videos.register_url("https://example.com/a.mp4")
    hidden = await services.deletion.hide(video.identifier)
    assert await services.deletion.hide(video.identifier) == hidden
    queries = VideoQueries(services.database)
    assert [one.deleted_at for one in await queries.page(deleted_within=timedelta(hours=1))] == [hidden]
    again, new = await services.videos.register_url("https://example.com/a.mp4")
    assert new
    with pytest.raises(Conflict) as refused:
        await services.deletion.restore(video.identifier)
    assert refused.value.code == "source_exists"
    assert await services.deletion.purge(again.identifier, configured_store(settings))
    await services.deletion.restore(video.identifier)
    with pytest.raises(NotFound):
        await services.deletion.restore(video.identifier)
    assert await services.deletion.purge_due(configured_store(settings)) == 0


async def test_the_registry_of_models(services: Services) -> None:
    assert [model.key for model in await services.models.list()] == sorted(model.key for model in DEFAULT_MODELS)
    mine = (await services.models.get("minimax")).model_copy(update={"key": "mine", "ssh_host": "gpu"})
    await services.models.add(mine)
    with pytest.raises(Conflict):
        await services.models.add(mine)
    seen: list[str] = []
    await services.models.put(mine.model_copy(update={"ssh_host": "other"}), guard=lambda model: seen.append(str(model.ssh_host)))
    assert (seen, (await services.models.get("mine")).ssh_host) == (["gpu"], "other")
    await services.models.seed()
    mine = await services.models.get("mine")
    assert not await services.model_places.has_answered(mine)
    await services.model_places.answered(mine)
    await services.model_places.built_in_answered()
    services.model_places._known.clear()
    assert await services.model_places.has_answered(mine)
    await services.model_places.forget_others(mine)
    assert await services.model_dialects.recall(mine) == OVERVIEW
    assert await services.model_dialects.learn(mine, {"tokens_field": "max_completion_tokens"})
    learned = Dialect.read({"tokens_field": "max_completion_tokens"})
    assert await services.model_dialects.recall(mine) == learned
    assert (await services.model_dialects.recall_all([mine, await services.models.get("minimax")]))["mine"] == learned
    await services.model_dialects.replace(mine, OVERVIEW)
    assert await services.model_dialects.recall(mine) == OVERVIEW
    await services.models.remove("mine")
    with pytest.raises(NotFound):
        await services.models.remove("mine")


async def test_keys_and_uploads(services: Services, settings: Settings, tmp_path: Path) -> None:
    key, secret = await services.api_keys.create("Ann's", KeyScope.WRITE, runs_per_day=3)
    known = await services.api_keys.recognise(secret)
    assert known is not None
    assert (known.identifier, known.scope, known.runs_per_day, known.created_at) == (key.identifier, KeyScope.WRITE, 3, key.created_at)
    assert [one.hint for one in await services.api_keys.list() if one.identifier == key.identifier] == [secret[:8]]
    assert await services.api_keys.any_live()
    assert (await services.api_keys.revoke(key.identifier)).revoked_at is not None
    assert await services.api_keys.recognise(secret) is None
    assert key.identifier in [one.identifier for one in await services.api_keys.list(revoked=True)]
    store = configured_store(settings)
    uploads = ResumableUploads(services.database, store)

    async def piece(data: bytes) -> Any:
        yield data

    head = bytes.fromhex("0000001866747970") + b"isomiso2" + bytes(8)
    upload = await uploads.create(len(head) + len(BODY), file_name="a.mp4", title="A")
    assert (upload.received, upload.parts, upload.video_id, upload.file_name) == (0, (), None, "a.mp4")
    upload = await uploads.append(upload.identifier, 0, piece(head))
    with pytest.raises(Conflict):
        await uploads.append(upload.identifier, 0, piece(head))
    upload = await uploads.append(upload.identifier, len(head), piece(BODY))
    assert (upload.complete, len(upload.parts)) == (True, 2)
    video = await uploads.finish(upload)
    assert (await uploads.get(upload.identifier)).video_id == video
    stored, new = await Uploads(services.database).keep(store, piece(head + BODY), file_name="b.mp4", title="B")
    assert (stored.identifier, stored.size_bytes, stored.content_type, new) == (video, len(head) + len(BODY), "video/mp4", False)
    await uploads.end(upload.identifier)
    await uploads.sweep()
