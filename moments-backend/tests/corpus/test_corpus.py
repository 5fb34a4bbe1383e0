"""Odd and broken files through the whole pipeline: each ends in a clean result or one clear, permanent error, and leaves nothing.

`MOMENTS_CORPUS=FOLDER pytest tests/corpus -s` does the same with every file of a folder that has a `manifest.tsv` (name, bytes, kind, what
a good system does), prints how each ended, and holds it to what the manifest's words ask for.
"""

from __future__ import annotations

import csv
import os
import resource
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from media.canaries import listener, opened_files
from media.makers import draw
from media.odd_files import ODD_FILES
from support.workers import end_of, stage_of, working
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.db.tables import Video
from videomoments.media.types import SandboxLimits
from videomoments.pipeline.stages import STAGES
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

pytestmark = pytest.mark.story

# What a manifest says in words, as (words, the codes of the permanent errors that fit them). The first that fits counts; a file that
# none fits has to complete.
_REFUSALS = (
    ("empty file", {"empty_file"}),
    ("not a video", {"not_media"}),
    ("not a readable video", {"not_media", "truncated"}),
    ("hits at", {"not_media"}),
    ("truncated", {"truncated"}),
    ("encrypted", {"encrypted"}),
    ("unsupported codec", {"unsupported_codec"}),
    ("pixel cap", {"too_many_pixels", "media_limit"}),
    ("too short", {"too_short"}),
)


@dataclass(frozen=True, slots=True)
class Ended:
    run: RunView
    video: Video
    moments: int


async def through_the_pipeline(services: Services, settings: Settings, source: Path) -> Ended:
    """Runs one file to its end. Whatever that is: one attempt, no other file opened, no temporary file and no stray object left."""
    video, _ = await services.videos.register_local(source)
    run = await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(min_duration=1.0)))
    with opened_files(source.parent) as opened:
        async with working(services, stages=STAGES):
            ended = await end_of(services, run.request_id)
    row = await services.videos.get(video.identifier)
    moments = await services.moments.of_video(video.identifier)
    assert opened <= {source.name}
    assert (ended.attempt, ended.crashes) == (1, 0)
    assert not (settings.home / "work" / run.request_id).exists()
    objects = {found.key async for found in configured_store(settings).list("") if video.identifier in found.key}
    if ended.status is RunStatus.FAILED:
        assert ended.error is not None
        assert ended.error.message.count("\n") == 0
        assert not objects
        assert not moments
    else:
        assert ended.status is RunStatus.COMPLETED
        assert row.duration is not None
        assert row.duration > 0
        assert all(0 <= view.moment.start_time < view.moment.end_time <= row.duration + 0.05 for view in moments)
        assert moments or ended.note, "nothing found, and no word why"
    return Ended(ended, row, len(moments))


@pytest.mark.parametrize("name", ["unknown sound.mp4", "encrypted.mp4"])
async def test_f47_f68_an_odd_file_through_the_whole_pipeline(name: str, services: Services, settings: Settings, tmp_path: Path) -> None:
    odd = next(odd for odd in ODD_FILES if odd.name == name)
    folder = tmp_path / "files"
    folder.mkdir()
    draw(folder / "canary.ts", seconds=0.2, size=(32, 32), audio=None)
    odd.make(folder / name)
    with listener() as (_, hits):
        found = await through_the_pipeline(services, settings, folder / name)
    assert not hits
    assert (found.run.error.code if found.run.error else None) == odd.code
    if odd.code is None and not odd.audio:
        assert stage_of(found.run, StageName.TRANSCRIPTION).status is StageStatus.SKIPPED
        assert stage_of(found.run, StageName.TRANSCRIPTION).reason


@pytest.mark.timeout(3600)
@pytest.mark.skipif("MOMENTS_CORPUS" not in os.environ, reason="MOMENTS_CORPUS names no folder of odd files with a manifest.tsv")
async def test_every_file_of_the_corpus_ends_as_its_manifest_says(services: Services, settings: Settings, tmp_path: Path) -> None:
    corpus = Path(os.environ["MOMENTS_CORPUS"])
    with (corpus / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file, delimiter="\t"))
    folder = tmp_path / "files"
    folder.mkdir()
    for entry in entries:
        shutil.copyfile(corpus / entry["name"], folder / entry["name"])
    wrong: list[str] = []
    with listener(int(os.environ.get("MOMENTS_CORPUS_PORT", "18911"))) as (_, hits):
        for entry in entries:
            try:
                found = await through_the_pipeline(services, settings, folder / entry["name"])
            except AssertionError as error:
                wrong.append(f"{entry['name']}: {error}")
                continue
            print(_line(entry["name"], found))
            wrong += _judged(entry, found)
    kib = 1 if sys.platform == "linux" else 1 / 1024
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * kib / 1024
    print(f"{len(entries) - len(wrong)} of {len(entries)} as the manifest says; {len(hits)} connections; largest child {peak:.0f} MiB")
    assert not wrong, "\n".join(wrong)
    assert not hits
    assert peak < SandboxLimits().memory_bytes / 2**20


def _line(name: str, found: Ended) -> str:
    if found.run.error is not None:
        return f"{name:30} failed     {found.run.error.code}: {found.run.error.message}"
    remark = found.run.note or ""
    first = stage_of(found.run, StageName.VIDEO_DOWNLOAD).reason or ""
    return f"{name:30} completed  {found.video.duration:.2f} s, {found.moments} moments; {remark}; {first}"


def _judged(entry: dict[str, str], found: Ended) -> list[str]:
    """What is not as the manifest says."""
    asked = (entry["kind"] + " | " + entry["what a good system does"]).lower()
    asked_of_us = entry["what a good system does"].lower()
    name, code = entry["name"], found.run.error.code if found.run.error else None
    wrong = []
    refusals = next((codes for words, codes in _REFUSALS if words in asked_of_us), set())
    if code is not None and code not in refusals:
        wrong.append(f"{name}: refused with {code}, asked was: {asked_of_us}")
    if code is None and refusals and "or 0 moments" not in asked_of_us:
        wrong.append(f"{name}: completed, asked was: {asked_of_us}")
    silent = "no audio" in asked or "undecodable audio" in asked
    if code is None and silent and stage_of(found.run, StageName.TRANSCRIPTION).status is not StageStatus.SKIPPED:
        wrong.append(f"{name}: transcribed without sound")
    if "0 moments" in asked_of_us and found.moments:
        wrong.append(f"{name}: {found.moments} moments")
    if "'damaged' warning" in asked_of_us and "damaged" not in str(stage_of(found.run, StageName.VIDEO_DOWNLOAD).reason):
        wrong.append(f"{name}: the damage is not said")
    if "clamp to measured" in asked_of_us and (found.video.duration or 0) > 60:
        wrong.append(f"{name}: a length of {found.video.duration} s was believed")
    return wrong
