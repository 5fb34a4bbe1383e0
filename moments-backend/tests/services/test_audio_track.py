"""The audio track that a run asks for: heard, kept, and taken anew by a later run (F91)."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.test_media_choosing import SILENCE, recorded
from media.test_media_choosing import speech as speech_fixture
from support.workers import end_of, stage_of, working
from videomoments.core.config import Settings
from videomoments.core.names import RunKind, RunStatus, StageName
from videomoments.media.types import MediaInfo
from videomoments.pipeline.run_kinds import stages_of
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

speech = speech_fixture


async def _run(services: Services, video_id: str, **options: Any) -> RunView:
    accepted = await services.runs.accept(video_id, await services.models.snapshot(RunOptions(**options)), kind=RunKind.AUDIO)
    async with working(services, stages=stages_of(RunKind.AUDIO)):
        return await end_of(services, accepted.request_id)


async def _peak(services: Services, settings: Settings, video_id: str, folder: Path) -> int:
    """The loudest sample of what the recogniser would get."""
    key = (await services.videos.get(video_id)).audio_url
    assert key is not None
    await configured_store(settings).get_to_file(key, folder / "stored.wav")
    with wave.open(str(folder / "stored.wav")) as reader:
        return int(np.abs(np.frombuffer(reader.readframes(reader.getnframes()), np.int16).astype(int)).max())


async def test_f91_a_later_run_may_take_another_track(services: Services, settings: Settings, speech: Any, tmp_path: Path) -> None:
    source = recorded(tmp_path / "obs.mp4", [SILENCE, speech])
    video, _ = await services.videos.register_local(source)
    done = await _run(services, video.identifier)
    assert done.status is RunStatus.COMPLETED, done.error
    said = "audio track 2 of 2 is used: speech is heard on it; track 1, the default, is silent"
    assert said in (stage_of(done, StageName.VIDEO_DOWNLOAD).reason or "")
    assert await _peak(services, settings, video.identifier, tmp_path) > 1000

    asked = await _run(services, video.identifier, audio_track=1)
    assert "audio track 1 of 2 is used: it was asked for" in (stage_of(asked, StageName.VIDEO_DOWNLOAD).reason or "")
    assert await _peak(services, settings, video.identifier, tmp_path) == 0

    kept = await _run(services, video.identifier)
    assert "audio track 1 of 2 is used" in (stage_of(kept, StageName.VIDEO_DOWNLOAD).reason or "")
    assert stage_of(kept, StageName.AUDIO_EXTRACTION).reason == "extracted by an earlier run"
    row = await services.videos.get(video.identifier)
    assert row.media_info is not None
    assert MediaInfo.from_dict(row.media_info).audio_number == 1


@pytest.mark.parametrize("known", [False, True])
async def test_f91_a_track_that_is_not_there_fails_the_run(services: Services, speech: Any, tmp_path: Path, known: bool) -> None:
    video, _ = await services.videos.register_local(recorded(tmp_path / "talk.mp4", [speech]))
    if known:
        assert (await _run(services, video.identifier, audio_track=1)).status is RunStatus.COMPLETED
    failed = await _run(services, video.identifier, audio_track=2)
    assert failed.status is RunStatus.FAILED
    assert failed.error is not None
    assert (failed.error.stage, failed.error.code) == (StageName.VIDEO_DOWNLOAD, "no_such_audio_track")
    assert "the file has one audio track" in failed.error.message
