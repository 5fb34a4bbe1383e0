"""The media engine: the only door from the pipeline to FFmpeg's libraries. Every call runs in a child process of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from videomoments.core.errors import InvalidInput
from videomoments.media.sandbox import run_job
from videomoments.media.types import Clip, ClipRequest, MediaInfo, SandboxLimits, Shot, Thumbnail, ThumbnailRequest

OnProgress = Callable[[float], None]
_PARTIAL = ".part"


def partial(target: Path) -> Path:
    """Where a result is written before it is complete: beside `target`, so that the rename is atomic."""
    return target.with_name(target.name + _PARTIAL)


class MediaEngine:
    """Times are seconds on the source's timeline (`MediaInfo`). Cancelling any call ends its child within 2 s and leaves no partial file.

    Errors: `UnsupportedMedia` (permanent), `OutOfSpace`, `NotFound`, and `MomentsError` with the code `media_failed`, `media_stalled`,
    `media_killed` or `clip_check_failed`.
    """

    def __init__(self, *, work_limits: SandboxLimits | None = None) -> None:
        self._limits = work_limits or SandboxLimits()

    async def probe(self, source: Path) -> MediaInfo:
        """Measures a file; raises `UnsupportedMedia` when it can never be used."""
        async with aclosing(run_job({"job": "probe", "source": str(source.absolute())}, self._limits)) as events:
            async for event in events:
                if event["event"] == "result":
                    return MediaInfo.from_dict(event["info"])
        raise AssertionError("a job ends with a result or an error")

    async def extract_audio(
        self, source: Path, target: Path, info: MediaInfo, *, waveform: Path | None = None, on_progress: OnProgress | None = None
    ) -> None:
        """Writes 16 kHz mono s16 WAV, sample 0 at the timeline's 0: a late sound starts with silence, an early one is trimmed.

        `waveform` is where its waveform file goes (`media.waveform`); the loudness stands in that file's header.
        """
        if not info.has_audio:
            raise InvalidInput("The file has no sound that can be decoded.", code="no_audio")
        targets = [target] if waveform is None else [target, waveform]
        job = _job("extract_audio", source, info) | {
            "target": str(partial(target.absolute())),
            "waveform": str(partial(waveform.absolute())) if waveform else None,
        }
        async for _ in self._items(job, targets, on_progress):
            pass
        for made in targets:
            partial(made).replace(made)

    async def thumbnails(self, source: Path, requests: Sequence[ThumbnailRequest], info: MediaInfo) -> list[Thumbnail]:
        """One JPEG per request, longest side 640 pixels, as a player shows it. A file without pictures gives none."""
        if not info.has_video or not requests:
            return []
        job = _job("thumbnails", source, info) | {"requests": [_partially(request) for request in requests]}
        targets = {request.key: request.target for request in requests}
        made = []
        async for item in self._items(job, targets.values(), None):
            target = targets[item["key"]]
            Path(item["path"]).replace(target)
            made.append(Thumbnail.from_dict({**item, "path": target}))
        return made

    async def shots(
        self, source: Path, info: MediaInfo, *, within: Sequence[Shot] | None = None, on_progress: OnProgress | None = None
    ) -> list[Shot]:
        """Changes of scene, in order: between which keyframes they lie, from the keyframes alone.

        With `within` those stretches are decoded and the changes in them known to the picture. A file without pictures has none.
        """
        if not info.has_video or within == []:
            return []
        job = _job("shots", source, info) | {"within": None if within is None else [dataclasses.asdict(shot) for shot in within]}
        async with aclosing(run_job(job, self._limits)) as events:
            async for event in events:
                if event["event"] == "result":
                    return [Shot(**shot) for shot in event["shots"]]
                if on_progress is not None and event["fraction"] is not None:
                    on_progress(event["fraction"])
        raise AssertionError("a job ends with a result or an error")

    async def cut(
        self, source: Path, requests: Sequence[ClipRequest], info: MediaInfo, *, on_progress: OnProgress | None = None
    ) -> AsyncGenerator[Clip, None]:
        """Cuts many clips of one source in one child and yields each as soon as it is whole and checked."""
        if not requests:
            return
        if not info.has_video and not info.has_audio:
            raise InvalidInput("The file has nothing that can be cut.")
        job = _job("cut", source, info) | {"requests": [_partially(request) for request in requests]}
        targets = {request.key: request.target for request in requests}
        if len(targets) != len(requests):
            raise InvalidInput("Two clips have the same key.")
        async with aclosing(self._items(job, targets.values(), on_progress)) as items:
            async for item in items:
                target = targets[item["key"]]
                Path(item["path"]).replace(target)
                yield Clip.from_dict({**item, "path": target})

    async def join(self, picture: Path, sound: Path, target: Path) -> str:
        """Puts the picture of one file and the sound of another into `target`, without decoding; answers the ending for its container."""
        job = {"job": "join", "source": str(picture.absolute()), "sound": str(sound.absolute()), "target": str(partial(target.absolute()))}
        try:
            async with aclosing(run_job(job, self._limits)) as events:
                async for event in events:
                    if event["event"] == "result":
                        partial(target).replace(target)
                        return str(event["ending"])
        finally:
            partial(target).unlink(missing_ok=True)
        raise AssertionError("a job ends with a result or an error")

    async def _items(self, job: Mapping[str, Any], targets: Iterable[Path], on_progress: OnProgress | None) -> Any:
        try:
            async with aclosing(run_job(job, self._limits)) as events:
                async for event in events:
                    if event["event"] == "item":
                        yield event["item"]
                    elif event["event"] == "progress" and on_progress is not None and event["fraction"] is not None:
                        on_progress(event["fraction"])
        except BaseException:
            for target in targets:
                partial(target).unlink(missing_ok=True)
            raise


def _job(name: str, source: Path, info: MediaInfo) -> dict[str, Any]:
    return {"job": name, "source": str(source.absolute()), "info": info.to_dict()}


def _partially(request: ClipRequest | ThumbnailRequest) -> dict[str, Any]:
    return {**request.to_dict(), "target": str(partial(request.target.absolute()))}
