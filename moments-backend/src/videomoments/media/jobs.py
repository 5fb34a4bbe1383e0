"""The child's jobs: what each takes from the parent's line, and what it answers. Libraries are imported by the job that needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from videomoments.media.progress import Emit, Progress
from videomoments.media.types import ClipRequest, MediaInfo, ThumbnailRequest

Job = Mapping[str, Any]


def _probe(job: Job, emit: Emit) -> None:
    from videomoments.media.probe import probe

    info = probe(Path(job["source"]), Progress(emit))
    emit({"event": "result", "info": info.to_dict()})


def _extract_audio(job: Job, emit: Emit) -> None:
    from videomoments.media.audio import extract_audio

    extract_audio(Path(job["source"]), Path(job["target"]), MediaInfo.from_dict(job["info"]), Progress(emit))
    emit({"event": "result"})


def _thumbnails(job: Job, emit: Emit) -> None:
    from videomoments.media.thumbnails import thumbnails

    requests = [ThumbnailRequest.from_dict(request) for request in job["requests"]]
    for thumbnail in thumbnails(Path(job["source"]), requests, MediaInfo.from_dict(job["info"]), Progress(emit)):
        emit({"event": "item", "item": thumbnail.to_dict()})
    emit({"event": "result"})


def _cut(job: Job, emit: Emit) -> None:
    from videomoments.media.cut import cut

    requests = [ClipRequest.from_dict(request) for request in job["requests"]]
    for clip in cut(Path(job["source"]), requests, MediaInfo.from_dict(job["info"]), Progress(emit)):
        emit({"event": "item", "item": clip.to_dict()})
    emit({"event": "result"})


JOBS: Mapping[str, Callable[[Job, Emit], None]] = {
    "probe": _probe,
    "extract_audio": _extract_audio,
    "thumbnails": _thumbnails,
    "cut": _cut,
}
