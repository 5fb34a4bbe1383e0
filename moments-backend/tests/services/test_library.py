"""Videos, transcripts, moments and models, as the API and the stages use them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend import accepted, claimed, one
from videomoments.api.schemas.moments import TranscriptOut
from videomoments.core.errors import InvalidInput, NotFound
from videomoments.core.names import RunStatus
from videomoments.core.times import Interval, now
from videomoments.db.tables import Moment
from videomoments.inference.mending import Mended
from videomoments.inference.model_registry import Transport
from videomoments.inference.recognition_details import DroppedWords, LanguageStretch, RecognitionDetails
from videomoments.inference.transcript import Segment, TimedTranscript, Word
from videomoments.services.moments import MomentView, NewMoment, View
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.runs import Claim
from videomoments.services.transcripts import remarks_of
from videomoments.services.videos import normalised_source, title_from
from videomoments.services.wiring import Services


async def test_f69_one_url_registered_in_parallel_is_one_video(services: Services) -> None:
    spellings = ("https://Example.com:443/talk.mp4#t=3", "HTTPS://example.com/talk.mp4", " https://example.com/talk.mp4 ")
    made = await asyncio.gather(*(services.videos.register_url(spellings[number % 3]) for number in range(20)))
    assert len({video.identifier for video, _ in made}) == 1
    assert sum(new for _, new in made) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "https://",
        "not a url",
        "https://me:secret@example.com/a",
        "http://[::1",
        "javascript:1",
    ],
)
def test_what_is_no_remote_source_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalised_source(url)
    assert refused.value.code in ("invalid_url", "url_has_credentials")


def test_a_title_is_a_label() -> None:
    assert title_from("https://example.com/My_first%20talk.mp4?x=1") == "My first talk"
    assert title_from("https://example.com/") == "example.com"
    assert title_from("https://example.com/%00%1b[2J.mp4") == "[2J"


async def test_a_file_that_changed_is_another_video(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"1")
    first, new = await services.videos.register_local(path)
    assert new
    assert (await services.videos.register_local(path))[0].identifier == first.identifier
    path.write_bytes(b"22")
    assert (await services.videos.register_local(path))[0].identifier != first.identifier
    assert (await services.videos.register_local(tmp_path / "missing.mp4"))[1]


async def test_a_deleted_videos_url_can_be_registered_anew(services: Services) -> None:
    video, _ = await services.videos.register_url("https://example.com/a.mp4")
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE videos SET deleted_at = now()"))
    with pytest.raises(NotFound):
        await services.videos.get(video.identifier)
    again, new = await services.videos.register_url("https://example.com/a.mp4")
    assert new
    assert again.identifier != video.identifier


async def test_a_newer_transcript_replaces_the_last(services: Services) -> None:
    claim = await claimed(services)
    for words in ((Word(0.0, 0.5, "Hello", 0.9),), (Word(0.0, 0.4, "Hi", 0.9), Word(0.5, 0.9, "there.", None))):
        said = TimedTranscript(" ".join(word.text for word in words), words, (Segment(0.0, 1.0, "Hi there."),), "en", "whisper_base", 0.1)
        await services.transcripts.save(claim, said, language=None, input_hash="h")
    row = await services.transcripts.of_video(claim.video_id)
    assert row is not None
    assert (row.full_text, row.word_count) == ("Hi there.", 2)
    assert row.word_timestamps[0] == {"word": "Hi", "start": 0.0, "end": 0.4, "confidence": 0.9}
    assert await one(services, "SELECT count(*) FROM transcripts") == 1


async def test_f97_what_was_mended_of_a_transcript_is_kept_and_said(services: Services) -> None:
    claim = await claimed(services)
    said = TimedTranscript("Hi.", (Word(0.0, 0.4, "Hi."),), (), "en", "other", 0.1, Mended(ends=3, left_out=2))
    await services.transcript_parts.keep(claim, "a part", said)
    kept = await services.transcript_parts.find(claim, "a part")
    assert kept == said
    await services.transcripts.save(claim, kept, language=None, input_hash="h")
    row = await services.transcripts.of_video(claim.video_id)
    assert row is not None
    assert row.mended == {"ends": 3, "left_out": 2}
    message = "the recogniser's times were mended: 3 ends cut to the next word, 2 words left out"
    assert remarks_of(row) == [message]
    shown = TranscriptOut.of(claim.video_id, row)
    assert (shown.mended, shown.remarks) == ({"ends": 3, "left_out": 2}, [message])


async def test_f84_f85_what_was_heard_beside_the_words_is_kept_and_said(services: Services) -> None:
    claim = await claimed(services)
    heard = RecognitionDetails(
        (LanguageStretch("fr", 0.0, 0.4, 0.9),), (Interval(2.0, 9.0),), (DroppedWords("you you", 10.0, 11.0, "no_voice"),), 2, 7.0
    )
    said = TimedTranscript("Hi.", (Word(0.0, 0.4, "Hi."),), (), "fr", "other", 0.1, hearing=heard)
    await services.transcript_parts.keep(claim, "a part", said)
    kept = await services.transcript_parts.find(claim, "a part")
    assert kept == said
    await services.transcripts.save(claim, kept, language=None, input_hash="h")
    row = await services.transcripts.of_video(claim.video_id)
    assert row is not None
    shown = TranscriptOut.of(claim.video_id, row)
    assert [part.language for part in shown.languages] == ["fr"]
    assert [(part.start, part.end) for part in shown.not_understood] == [(2.0, 9.0)]
    assert (shown.dropped[0].reason, shown.dropped_words) == ("no_voice", 2)
    assert len(shown.remarks) == 2


async def _finished(services: Services, titles: list[str], *, refined: bool = True) -> Claim:
    claim = await claimed(services)
    new = [NewMoment(10.0 * number, 10.0 * number + 8, title, 0.5, None, "extractive") for number, title in enumerate(titles)]
    originals = await services.moments.save_generated(
        claim,
        new,
        system_prompt="s",
        user_prompt="u",
        transcript_id=None,
        sampling={"temperature": None, "top_p": None, "top_k": None},
        options={},
        model="extractive",
    )
    if refined:
        for original in originals:
            better = NewMoment(original.start_time + 0.5, original.end_time, original.title, 0.5, None, "extractive+signal")
            await services.moments.save_refined(claim, original, better)
    await services.runs.finish(claim, RunStatus.COMPLETED)
    return claim


async def _edit(services: Services, moment: Moment) -> None:
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE moments SET edited_at = :now WHERE id = :id"), {"now": now(), "id": moment.id})


async def _titles(services: Services, video: str, view: View = "final") -> list[tuple[str, bool]]:
    return [(one.moment.title, one.moment.is_refined) for one in await services.moments.of_video(video, view=view)]


async def test_views_of_a_finished_run(services: Services) -> None:
    claim = await _finished(services, ["A", "B"])
    assert await _titles(services, claim.video_id) == [("A", True), ("B", True)]
    assert await _titles(services, claim.video_id, "raw") == [("A", False), ("B", False)]
    assert await _titles(services, claim.video_id, "refined") == [("A", True), ("B", True)]
    assert await _titles(services, claim.video_id, "all") == [("A", False), ("A", True), ("B", False), ("B", True)]
    views = await services.moments.of_video(claim.video_id)
    assert [view.parent.start_time for view in views if view.parent] == [0.0, 10.0]


async def test_what_a_person_edited_outlives_the_next_run(services: Services) -> None:
    first = await _finished(services, ["A", "B"])
    kept = (await services.moments.of_video(first.video_id))[1]
    await _edit(services, kept.moment)
    await _finished(services, ["C"])
    assert await _titles(services, first.video_id) == [("C", True), ("B", True)]
    seen: list[MomentView] = await services.moments.of_video(first.video_id)
    assert seen[1].parent is not None, "it still shows where it came from"
    assert seen[1].parent.title == "B"
    assert await _titles(services, first.video_id, "raw") == [("C", False)]
    assert [view.moment.title for view in await services.moments.of_video(first.video_id, request_id=first.request_id)] == ["A", "B"]


async def test_an_edited_original_stands_instead_of_its_refined_form(services: Services) -> None:
    claim = await _finished(services, ["A", "B"])
    original = (await services.moments.of_video(claim.video_id, view="raw"))[0].moment
    await _edit(services, original)
    assert await _titles(services, claim.video_id) == [("A", False), ("B", True)]
    assert await _titles(services, claim.video_id, "refined") == [("A", True), ("B", True)]
    assert await _titles(services, claim.video_id, "all") == [("A", False), ("A", True), ("B", False), ("B", True)]


async def test_f50_a_run_keeps_the_models_it_was_accepted_with(services: Services) -> None:
    run = await accepted(services)
    model = await services.models.get("extractive")
    await services.models.put(model.model_copy(update={"model_name": "another", "temperature": 1.0}))
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    assert claim.snapshot.generation == model
    assert RunSnapshot.model_validate((await services.run_queries.get(run.request_id)).config).generation == model


async def test_f51_an_edited_model_outlives_the_next_seed(services: Services) -> None:
    model = await services.models.get("minimax")
    await services.models.put(model.model_copy(update={"remote_host": "worker-12"}))
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE model_configs SET config = jsonb_set(config, '{model_name}', '\"old\"') WHERE key = 'signal'"))
    await asyncio.gather(*(services.models.seed() for _ in range(5)))
    assert (await services.models.get("minimax")).remote_host == "worker-12"
    assert (await services.models.get("signal")).model_name == "signal", "what nobody edited follows the code"
    await services.models.remove("minimax")
    await services.models.seed()
    assert (await services.models.get("minimax")) == model


async def test_f51_an_edited_model_that_an_earlier_version_stored_learns_what_that_did_not_know(services: Services) -> None:
    model = await services.models.get("extractive")
    await services.models.put(model.model_copy(update={"temperature": 0.9}))
    fields = ("supports_generation", "supports_refinement", "max_refinements")
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE model_configs SET config = config - CAST(:names AS text[])"), {"names": list(fields)})
    read = {model.key: model for model in await services.models.list()}
    assert {model.max_refinements for model in read.values()} == {1}
    await services.models.seed()
    after = {model.key: model for model in await services.models.list()}
    assert (after["extractive"].supports_refinement, after["extractive"].temperature) == (False, 0.9)
    assert (after["signal"].supports_generation, after["signal"].max_refinements) == (False, 2)
    # What a person says stays said.
    await services.models.put(after["extractive"].model_copy(update={"supports_refinement": True}))
    await services.models.seed()
    assert (await services.models.get("extractive")).supports_refinement


async def test_f52_a_text_only_chat_model_may_refine_and_one_that_is_said_not_to_may_not(services: Services) -> None:
    minimax = (await services.models.get("minimax")).model_copy(update={"transport": Transport.DIRECT, "base_url": "http://127.0.0.1:1"})
    await services.models.put(minimax)
    wanted = RunOptions(refinement_model="minimax")
    assert (await services.models.snapshot(wanted)).refinement == minimax
    await services.models.put(minimax.model_copy(update={"supports_refinement": False}))
    with pytest.raises(InvalidInput) as refused:
        await services.models.snapshot(wanted)
    assert refused.value.message == "The model 'minimax' can't do that: it finds moments, and does not refine them."
    assert refused.value.advice == "Choose one of: qwen3_omni, qwen3_vl_fp8, signal."


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"generation_model": "nobody"}, "model_unknown"),
        ({"generation_model": "whisper_base"}, "model_kind"),
        ({"transcription_model": "signal"}, "model_kind"),
        ({"refinement_model": "extractive"}, "model_kind"),
        ({"generation_model": "signal"}, "model_kind"),
        ({"refinement_model": "qwen3_vl_fp8"}, "model_not_configured"),
    ],
)
async def test_f52_a_model_that_can_not_do_it_is_refused_at_the_start(services: Services, options: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.models.snapshot(RunOptions.model_validate(options))
    assert refused.value.code == code
    assert refused.value.status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"min_duration": 50.0, "max_duration": 10.0}, {"max_moments": 0}, {"language": "English"}, {"colour": 1}]
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        RunOptions.model_validate(wrong)
