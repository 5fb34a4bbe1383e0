"""Stage 1: the source comes in, is measured, and is stored with a thumbnail. Nothing is stored that can't be read."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from videomoments.core.errors import InvalidInput, MomentsError, NotFound
from videomoments.core.names import StageName
from videomoments.media.types import MediaInfo, Shot, ThumbnailRequest
from videomoments.pipeline.stage import Outcome, Stage, StageContext, log
from videomoments.services.videos import SourceFile, StillImage, title_from
from videomoments.sources.base import FetchLimits
from videomoments.sources.http import fetch
from videomoments.sources.local import inspect
from videomoments.sources.resolve import title_of
from videomoments.storage.layout import content_type_of, safe_extension, source_key, thumbnail_key

# Shares of the stage's progress: fetched, measured, stored.
_FETCHED, _MEASURED = 0.6, 0.7
_EXTENSIONS = {
    "mov": ".mp4",
    "matroska": ".mkv",
    "mpegts": ".ts",
    "avi": ".avi",
    "flv": ".flv",
    "mp3": ".mp3",
    "wav": ".wav",
    "flac": ".flac",
}


async def download(context: StageContext) -> Outcome:
    """Raises what `sources` and `media.probe` raise: permanent errors for what can never work."""
    video = await context.video()
    stored = video.cloud_url if video.cloud_url is not None and await _stored(context, video.cloud_url) else None
    if stored is not None and video.media_info is not None:
        return Outcome({"cloud_url": stored}, "stored by an earlier run")
    if stored is not None:
        # An upload: its bytes came before the run, and nobody has looked into them yet.
        path, name, title = await context.source(), stored, None
    else:
        path, name, title = await _fetch(context, video.source_url)
    info = await context.parts.media.probe(path)
    info = replace(info, shots=await _shots(context, path, info))
    context.report(_MEASURED)
    key = stored or await _store(context, path, _extension(name, info))
    still = await _thumbnail(context, path, info)
    picture = info.video if info.has_video else None
    source = SourceFile(
        cloud_url=key,
        size_bytes=path.stat().st_size,
        content_type=content_type_of(key),
        duration=info.duration,
        resolution=f"{picture.display_width}x{picture.display_height}" if picture else None,
        media_info=info.to_dict(),
        # A title that a person gave stays.
        title=title if video.title == title_from(video.source_url) else None,
    )
    publication = context.services.videos.publish_source(context.claim, source, still)
    await context.publish(publication, key, *([still.cloud_url] if still else []))
    context.forget_video()
    warnings = ", ".join(info.warnings).replace("_", " ")
    return Outcome({"cloud_url": key}, f"warnings: {warnings}" if warnings else None)


async def _shots(context: StageContext, path: Path, info: MediaInfo) -> tuple[Shot, ...]:
    """Where the scene changes, by the keyframes; a file that does not tell still has moments."""
    try:
        found = await context.parts.media.shots(
            path, info, on_progress=lambda done: context.report(_FETCHED + (_MEASURED - _FETCHED) * done)
        )
    except MomentsError as error:
        log.warning("no shots: %s", error.message)
        return ()
    return tuple(found)


async def _store(context: StageContext, path: Path, extension: str) -> str:
    claim = context.claim
    key = source_key(claim.video_id, claim.request_id, claim.attempt, extension)

    def stored(done: int, total: int) -> None:
        context.report(_MEASURED + (0.95 - _MEASURED) * done / max(total, 1))

    await context.put(key, path, content_type_of(key), stored)
    return key


async def _stored(context: StageContext, key: str) -> bool:
    try:
        await context.parts.store.head(key)
    except NotFound:
        return False
    return True


async def _fetch(context: StageContext, source_url: str) -> tuple[Path, str, str | None]:
    """The source as a local file, its name (a label), and a better title than the URL gave, if the server told one."""
    limits = FetchLimits.of(context.parts.settings)
    parts = urlsplit(source_url)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        found = await asyncio.to_thread(inspect, path)
        limits.check_size(found.size)
        limits.check_space(context.parts.settings.home, found.size)
        return path, path.name, None
    if parts.scheme not in ("http", "https"):
        raise InvalidInput(
            f"Sources of the kind {parts.scheme}:// can't be fetched yet.",
            code="unsupported_source",
            advice="Download the file and give its path.",
        )
    target = context.folder / "download"

    def fetched(done: int, total: int | None) -> None:
        context.report(_FETCHED * done / total if total else 0.0)

    source = await fetch(source_url, target, limits=limits, on_progress=fetched)
    name = source.file_name
    if safe_extension(name) == ".bin" and source.content_type:
        name += mimetypes.guess_extension(source.content_type.split(";")[0].strip()) or ""
    return source.path, name, title_of(source.file_name) or None


def _extension(name: str, info: MediaInfo) -> str:
    """The name's own ending when it is one we know, else the container's."""
    known = safe_extension(name)
    return known if known != ".bin" else next((ending for part, ending in _EXTENSIONS.items() if part in info.container), ".bin")


async def _thumbnail(context: StageContext, path: Path, info: MediaInfo) -> StillImage | None:
    if not info.has_video:
        return None
    claim = context.claim
    made = await context.parts.media.thumbnails(path, [ThumbnailRequest("video", context.folder / "video.jpg")], info)
    if not made:
        return None
    key = thumbnail_key(claim.video_id, "video", claim.request_id, claim.attempt)
    await context.put(key, made[0].path, "image/jpeg")
    return StillImage(key, made[0].time, made[0].width, made[0].height)


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return {"source": (await context.video()).source_key}


async def _counts(context: StageContext, checkpoint: Mapping[str, Any]) -> bool:
    video = await context.video()
    return bool(video.cloud_url == checkpoint["cloud_url"])


VIDEO_DOWNLOAD = Stage(name=StageName.VIDEO_DOWNLOAD, run=download, inputs=_inputs, counts=_counts)
