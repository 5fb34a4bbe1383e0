"""The media engine is the pipeline's only access to FFmpeg's libraries. Every call runs in its own child process."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from videomoments.core.errors import InvalidInput, MomentsError, NotFound, OutOfSpace
from videomoments.media.sandbox import run_job
from videomoments.media.types import ClipRequest, CutClip, MediaInfo, SandboxLimits, Shot, ThumbnailImage, ThumbnailRequest, Uncut

_log = logging.getLogger(__name__)

OnProgress = Callable[[float], None]
OnUncut = Callable[[Uncut], None]
_PARTIAL = ".part"


def partial(target: Path) -> Path:
    """Returns the path of an incomplete result: next to `target`, so that the rename is atomic."""
    return target.with_name(target.name + _PARTIAL)


class MediaEngine:
    """Times are seconds on the source's timeline (`MediaInfo`). Cancelling any call ends its child within 2 s and leaves no partial file.

    Errors: `UnsupportedMedia` (permanent), `OutOfSpace`, `NotFound`, and `MomentsError` with the code `media_failed`, `media_stalled`,
    `media_killed` or `clip_check_failed`.
    """

    def __init__(self, *, work_limits: SandboxLimits | None = None) -> None:
        self._limits = work_limits or SandboxLimits()

    async def probe(self, source: Path, *, audio_track: int | None = None) -> MediaInfo:
        """Measures a file. Raises `UnsupportedMedia` when it can never be used. `audio_track` (from 1) selects one of several tracks;
        without it the child chooses one (`MediaInfo.audio_reason`)."""
        job = {"job": "probe", "source": str(source.absolute()), "audio_track": audio_track}
        async with aclosing(run_job(job, self._limits)) as events:
            async for event in events:
                if event["event"] == "result":
                    return MediaInfo.from_dict(event["info"])
        raise AssertionError("a job ends with a result or an error")

    async def extract_audio(
        self, source: Path, target: Path, info: MediaInfo, *, waveform: Path | None = None, on_progress: OnProgress | None = None
    ) -> None:
        """Writes 16 kHz mono s16 WAV, whose sample 0 is the timeline's 0: late audio starts with silence, early audio is trimmed.

        `waveform` is the path of its waveform file (`media.sound.waveform`), whose header holds the loudness. Raises `InvalidInput`
        (`no_audio`) where no audio can be decoded.
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

    async def thumbnails(self, source: Path, requests: Sequence[ThumbnailRequest], info: MediaInfo) -> list[ThumbnailImage]:
        """Writes one JPEG per request, as a player shows the picture, with a longest side of 640 pixels. Returns none for a file without
        video."""
        if not info.has_video or not requests:
            return []
        job = _job("thumbnails", source, info) | {"requests": [_partially(request) for request in requests]}
        targets = {request.key: request.target for request in requests}
        made = []
        async for item in self._items(job, targets.values(), None):
            target = targets[item["key"]]
            Path(item["path"]).replace(target)
            made.append(ThumbnailImage.from_dict({**item, "path": target}))
        return made

    async def shots(
        self, source: Path, info: MediaInfo, *, within: Sequence[Shot] | None = None, on_progress: OnProgress | None = None
    ) -> list[Shot]:
        """Returns changes of scene in order, as pairs of keyframes between which they lie, from the keyframes alone.

        With `within`, those ranges are decoded and the changes in them are exact to the frame. A file without video has none.
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
        self,
        source: Path,
        requests: Sequence[ClipRequest],
        info: MediaInfo,
        *,
        on_progress: OnProgress | None = None,
        on_uncut: OnUncut | None = None,
    ) -> AsyncGenerator[CutClip, None]:
        """Cuts many clips of one source in one child and yields each as soon as it is whole and checked.

        With `on_uncut`, a clip that can't be cut is passed to that callback with the reason, and the other clips are still cut; after a
        decoder crash, a new child cuts them. Only errors that no clip caused are raised then: no space, no file, a child that hangs or
        is killed.
        """
        if not requests:
            return
        if not info.has_video and not info.has_audio:
            raise InvalidInput("The file has nothing that can be cut.")
        if len({request.key for request in requests}) != len(requests):
            raise InvalidInput("Two clips have the same key.")
        left = {request.key: request for request in requests}
        while left:
            try:
                async with aclosing(self._cut(source, list(left.values()), info, on_progress, on_uncut)) as made:
                    async for key, clip in made:
                        del left[key]
                        if clip is not None:
                            yield clip
                return
            except MomentsError as error:
                if on_uncut is None or error.retryable or isinstance(error, OutOfSpace | NotFound):
                    raise
                key = next(iter(left))
                del left[key]
                on_uncut(Uncut(key, error.code, error.message, error.advice))

    async def _cut(
        self,
        source: Path,
        requests: Sequence[ClipRequest],
        info: MediaInfo,
        on_progress: OnProgress | None,
        on_uncut: OnUncut | None,
    ) -> AsyncGenerator[tuple[str, CutClip | None], None]:
        """Yields one child's clips with their keys. None stands for a clip that was passed to `on_uncut`."""
        job = _job("cut", source, info) | {"requests": [_partially(request) for request in requests], "each": on_uncut is not None}
        targets = {request.key: request.target for request in requests}

        async with aclosing(self._items(job, targets.values(), on_progress)) as items:
            async for item in items:
                if on_uncut is not None and "code" in item:
                    uncut = Uncut(**item)
                    if uncut.detail:
                        _log.warning("a clip can't be cut: %s", uncut.detail)
                    on_uncut(uncut)
                    yield uncut.key, None
                    continue
                target = targets[item["key"]]
                Path(item["path"]).replace(target)
                yield item["key"], CutClip.from_dict({**item, "path": target})

    async def mux_tracks(self, picture: Path, sound: Path, target: Path) -> str:
        """Writes the video of one file and the audio of another into `target`, without decoding. Returns the file extension of its
        container."""
        job = {
            "job": "mux_tracks",
            "source": str(picture.absolute()),
            "sound": str(sound.absolute()),
            "target": str(partial(target.absolute())),
        }
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
