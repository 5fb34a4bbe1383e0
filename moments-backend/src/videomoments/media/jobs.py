"""The child's jobs: what each reads from the parent's line, and which events it emits. Each job imports the libraries that it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from videomoments.media.progress import Emit, Progress
from videomoments.media.types import ClipRequest, MediaInfo, Shot, ThumbnailRequest

Job = Mapping[str, Any]


def _probe(job: Job, emit: Emit) -> None:
    from videomoments.media.probing.probe import probe

    info = probe(Path(job["source"]), Progress(emit), job["audio_track"])
    emit({"event": "result", "info": info.to_dict()})


def _extract_audio(job: Job, emit: Emit) -> None:
    from videomoments.media.sound.speech import extract_speech

    waveform = Path(job["waveform"]) if job["waveform"] else None
    extract_speech(Path(job["source"]), Path(job["target"]), waveform, MediaInfo.from_dict(job["info"]), Progress(emit))
    emit({"event": "result"})


def _thumbnails(job: Job, emit: Emit) -> None:
    from videomoments.media.thumbnails import thumbnails

    requests = [ThumbnailRequest.from_dict(request) for request in job["requests"]]
    for thumbnail in thumbnails(Path(job["source"]), requests, MediaInfo.from_dict(job["info"]), Progress(emit)):
        emit({"event": "item", "item": thumbnail.to_dict()})
    emit({"event": "result"})


def _cut(job: Job, emit: Emit) -> None:
    from videomoments.media.cutting.cut import cut

    requests = [ClipRequest.from_dict(request) for request in job["requests"]]
    for made in cut(Path(job["source"]), requests, MediaInfo.from_dict(job["info"]), Progress(emit), each=job["each"]):
        emit({"event": "item", "item": made.to_dict()})
    emit({"event": "result"})


def _shots(job: Job, emit: Emit) -> None:
    from videomoments.media.scenes.shots import exact_shots, fast_shots

    source, info, progress = Path(job["source"]), MediaInfo.from_dict(job["info"]), Progress(emit)
    if job["within"] is None:
        found = fast_shots(source, info, progress)
    else:
        found = exact_shots(source, info, [Shot(**stretch) for stretch in job["within"]], progress)
    emit({"event": "result", "shots": [dataclasses.asdict(shot) for shot in found]})


def _mux_tracks(job: Job, emit: Emit) -> None:
    from videomoments.media.mux_tracks import mux_tracks

    ending = mux_tracks(Path(job["source"]), Path(job["sound"]), Path(job["target"]), Progress(emit))
    emit({"event": "result", "ending": ending})


JOBS: Mapping[str, Callable[[Job, Emit], None]] = {
    "probe": _probe,
    "extract_audio": _extract_audio,
    "thumbnails": _thumbnails,
    "cut": _cut,
    "shots": _shots,
    "mux_tracks": _mux_tracks,
}
