"""A run that can't cut one of its clips completes, and names it beside its moment: real stages, a drawn file, a scripted model."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import update

from media.makers import draw
from pipeline.scripted import Recording, scripted_model, start, workers
from support.fakes.model_server import ModelServer, completion, task_block
from support.workers import end_of, stage_of
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.db.tables import Video
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, CutClip, MediaInfo
from videomoments.services.editing import MomentChange
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

_cut = MediaEngine.cut
LINES = tuple((n * 5.0, n * 5.0 + 4.0, f"Sentence {n} says something.") for n in range(12))
TITLES = {2.0: "Held", 40.0: "Beyond the file"}


@dataclass(frozen=True)
class Filmed(Recording):
    """A recording whose row promises more than its file holds."""

    measured: MediaInfo | None = None

    @property
    def media(self) -> MediaInfo:
        assert self.measured is not None
        return self.measured


async def _finds_two(request: web.Request) -> web.StreamResponse:
    block = task_block(await request.json())
    if block["task"] == "refine_moment":
        moment = block["moment"]
        return web.json_response(completion(json.dumps({"start_time": moment["start_time"], "end_time": moment["end_time"]})))
    rows = [{"start_time": at, "end_time": at + 5.5, "title": title, "score": 0.5} for at, title in TITLES.items()]
    return web.json_response(completion(json.dumps(rows)))


def _elsewhere(self: MediaEngine, source: Path, requests: Sequence[ClipRequest], *more: Any, **named: Any) -> AsyncGenerator[CutClip, None]:
    """What begins in the second half is asked of a place that the file does not have."""
    moved = [replace(asked, interval=asked.interval.shifted(1000)) if asked.interval.start > 30 else asked for asked in requests]
    return _cut(self, source, moved, *more, **named)


async def test_f82_a_clip_of_pictures_that_are_seconds_apart_is_its_moments(services: Services, settings: Settings, tmp_path: Path) -> None:
    """It begins and ends on pictures, up to half a second from what was asked: it was cut, but no surface showed it."""
    made = draw(tmp_path / "slides.mp4", seconds=60, fps=1, size=(96, 64))
    async with ModelServer() as server:
        server.script = deque([_finds_two] * 10)
        run = await start(services, [scripted_model(server)], clips="deliver")
        await _store(services, settings, run.video_id, made.path)
        async with workers(services, Filmed(60.0, LINES, measured=await MediaEngine().probe(made.path))):
            done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    first, second = await services.moments.of_video(run.video_id)
    for view in (first, second):
        assert view.current_clip is not None
        assert view.current_clip.end_time != view.moment.end_time
    # A boundary that was moved since is still seen.
    await services.editing.change(run.video_id, first.moment.identifier, MomentChange(end_time=first.moment.end_time + 0.5))
    moved = await services.moments.one(run.video_id, first.moment.identifier)
    assert moved is not None
    assert moved.current_clip is None


async def _store(services: Services, settings: Settings, video_id: str, path: Path) -> None:
    key = f"videos/{video_id}/source.mp4"
    await configured_store(settings).put_file(key, path, content_type="video/mp4")
    async with services.database.transaction() as session:
        await session.execute(update(Video).where(Video.identifier == video_id).values(cloud_url=key))


async def test_f82_the_run_completes_with_the_clips_that_can_be_cut(
    services: Services, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MediaEngine, "cut", _elsewhere)
    made = draw(tmp_path / "talk.mp4", seconds=10)
    info = await MediaEngine().probe(made.path)
    talk = Filmed(60.0, LINES, measured=MediaInfo.from_dict(info.to_dict() | {"duration": 60.0}))
    async with ModelServer() as server:
        server.script = deque([_finds_two] * 10)
        run = await start(services, [scripted_model(server)], clips="deliver")
        await _store(services, settings, run.video_id, made.path)
        async with workers(services, talk):
            done = await end_of(services, run.request_id)
    assert done.status is RunStatus.COMPLETED, done.error
    held, beyond = await services.moments.of_video(run.video_id)
    assert held.current_clip is not None
    assert held.clip_error is None
    assert beyond.current_clip is None
    assert beyond.clip_error is not None
    reason = stage_of(done, StageName.MOMENT_REFINEMENT).reason
    assert reason.startswith("1 of 2 clips can't be cut. Beyond the file: ")
    assert "Error" not in reason + beyond.clip_error

    # What was said of other boundaries is not said of these.
    await services.editing.change(run.video_id, beyond.moment.identifier, MomentChange(start_time=5.0, end_time=8.0))
    moved = await services.moments.one(run.video_id, beyond.moment.identifier)
    assert moved is not None
    assert moved.clip_error is None
