"""What is wrong with a recogniser's answer stands on its stage, and nothing of what is said is lost (F97, F98)."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.scripted import Recording
from support.backend import claimed
from support.fakes.model_server import ModelServer, body_of
from videomoments.db.tables import Transcript, Video
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.pipeline.stage import ProgressClock, StageAdapters, StageContext
from videomoments.pipeline.stages.transcription import transcribe
from videomoments.services.wiring import Services

SECONDS = 40.0


@pytest.fixture
async def context(services: Services, parts: StageAdapters, tmp_path: Path) -> StageContext:
    claim = await claimed(services)
    async with services.database.transaction() as session:
        media = Recording(SECONDS, ()).media.to_dict()
        await session.execute(update(Video).where(Video.id == claim.video_pk).values(media_info=media, audio_url="audio"))
    (tmp_path / "run").mkdir()
    made = StageContext(claim, parts, tmp_path / "run", ProgressClock())
    with wave.open(str(made.audio_path), "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(bytes(2 * 16_000 * int(SECONDS)))
    return made


def spoken(confidence: float | None = 0.9) -> list[dict[str, Any]]:
    said = {} if confidence is None else {"confidence": confidence}
    return [{"word": f"w{n}", "start": n * 0.5, "end": n * 0.5 + 0.4} | said for n in range(60)]


async def stored(context: StageContext, words: Any, segments: Any = None) -> tuple[str | None, Transcript]:
    """The stage's remark, and the transcript that it left."""
    async with ModelServer() as server:
        server.script.append(body_of(json.dumps({"transcription": "", "word_timestamps": words, "segment_timestamps": segments})))
        model = ModelConfig(key="other", kind=ModelKind.ASR, endpoint="/transcribe", model_name="fake-asr", base_url=server.url)
        object.__setattr__(context.claim.snapshot, "transcription", model)
        outcome = await transcribe(context)
    row = await context.services.transcripts.of_video(context.claim.video_id)
    assert row is not None
    return outcome.reason, row


async def test_f97_one_wrong_end_is_mended_and_said(context: StageContext) -> None:
    words = spoken()
    words[8]["end"] += 40
    remark, row = await stored(context, words)
    assert remark == "the recogniser's times were mended: 1 end cut to the next word"
    assert [word["start"] for word in row.word_timestamps] == [n * 0.5 for n in range(60)]
    assert row.mended == {"ends": 1}
    # The next run takes it over, and says so again.
    again = await transcribe(context)
    assert again.reason == f"transcribed by an earlier run; {remark}"


async def test_f97_without_words_the_sentences_speak_and_that_is_said(context: StageContext) -> None:
    remark, row = await stored(context, None, [{"text": "Bread rises.", "start": "0.5", "end": "4.0"}])
    assert remark == "the recogniser gave no times of words: those of its sentences are used"
    assert (row.word_timestamps, row.segment_timestamps) == ([], [{"text": "Bread rises.", "start": 0.5, "end": 4.0}])
    assert row.full_text == "Bread rises."


async def test_f98_a_recording_that_was_hard_to_hear_says_so(context: StageContext) -> None:
    words = spoken(0.2)
    words[0]["confidence"] = 0.3
    remark, _ = await stored(context, words)
    assert remark == "this recording was hard to hear: 60 of 60 words are more likely wrong than right (mean confidence 0.20)"


@pytest.mark.parametrize("confidence", [None, 0.9, 0.2])
async def test_f98_a_right_answer_has_no_remark_whatever_its_recogniser_does_not_say(
    context: StageContext, confidence: float | None
) -> None:
    """The last gives every word one number: that is no confidence."""
    remark, row = await stored(context, spoken(confidence))
    assert remark is None
    assert row.mended is None
