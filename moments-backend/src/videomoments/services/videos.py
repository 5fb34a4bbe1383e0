"""Registers videos, publishes them after their download, and finds them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from videomoments.core.text import one_line, shortened, shows
from videomoments.core.times import now
from videomoments.db.repositories import moments, objects
from videomoments.db.repositories import videos as repository
from videomoments.db.session import Database
from videomoments.db.tables import Video
from videomoments.services.runs import Claim, Runs
from videomoments.sources import checked_url, names_object, object_address


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What VIDEO_DOWNLOAD stored: object keys and measurements."""

    cloud_url: str
    size_bytes: int
    content_type: str
    duration: float
    resolution: str | None
    media_info: dict[str, Any]
    title: str | None = None
    # Facts from its site and its download: see the column.
    source_info: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StillImage:
    """A stored thumbnail. `time` is seconds on the source's timeline."""

    cloud_url: str
    time: float
    width: int
    height: int


def normalised_source(url: str) -> str:
    """Returns one spelling for one remote source: scheme and host in lower case, no default port, no fragment.

    Raises:
        InvalidInput: not an http(s), gs or s3 URL (`invalid_url`), or one with a password in it (`url_has_credentials`).
    """
    return str(object_address(url) if names_object(url) else checked_url(url))


def title_from(url: str) -> str:
    """Returns a first title: the last part of the path without its extension, or the host."""
    parts = urlsplit(url)
    name = shortened(one_line(Path(unquote(parts.path)).stem.replace("_", " ")), 200).strip()
    return name if shows(name) else parts.hostname or "Untitled"


class Videos:
    """Use-cases on videos, one short transaction each."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def register_url(self, url: str, title: str | None = None) -> tuple[Video, bool]:
        """Returns the video of a remote URL, and whether it is new. Raises InvalidInput."""
        key = normalised_source(url)
        async with self._database.transaction() as session:
            return await repository.register(session, source_url=url.strip(), source_key=key, title=title or title_from(url))

    async def register_local(self, path: Path, title: str | None = None) -> tuple[Video, bool]:
        """Returns the video of a file on this machine, and whether it is new (command line only). An unchanged file is the same video."""
        absolute = path.expanduser().absolute()
        try:
            stat = absolute.stat()
            version = f"#{stat.st_size}-{stat.st_mtime_ns}"
        except OSError:
            version = "#missing"  # the run reports what is wrong with the file
        uri = absolute.as_uri()
        async with self._database.transaction() as session:
            return await repository.register(session, source_url=uri, source_key=uri + version, title=title or title_from(uri))

    async def get(self, identifier: str) -> Video:
        """Returns the video. Raises NotFound."""
        async with self._database.transaction() as session:
            return await repository.get(session, identifier)

    async def source_info(self, identifier: str) -> dict[str, Any]:
        """Returns what is known of the source apart from its bytes, empty before the download. Raises NotFound."""
        async with self._database.transaction() as session:
            video = await repository.get(session, identifier)
            return await repository.source_info(session, video.id)

    async def rename(self, identifier: str, title: str, *, guard: Callable[[Video], None] | None = None) -> Video:
        """Changes the title. `guard` is called with the locked video, and may refuse. Raises NotFound."""
        async with self._database.transaction() as session:
            video = await repository.get(session, identifier)
            if guard is not None:
                await session.refresh(video, with_for_update=True)
                guard(video)
            video.title, video.updated_at = title, now()
            return video

    async def publish_source(self, claim: Claim, source: SourceFile, still: StillImage | None) -> None:
        """Makes the stored source and its thumbnail those of the video. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            video = await repository.get(session, claim.video_id)
            video.audio_url = None  # the audio was extracted from the source that is replaced
            video.cloud_url, video.size_bytes, video.content_type = source.cloud_url, source.size_bytes, source.content_type
            video.duration, video.resolution, video.media_info = source.duration, source.resolution, source.media_info
            video.source_info = source.source_info
            video.title, video.updated_at = source.title or video.title, now()
            if still is not None:
                values = {"video_id": video.id, "clip_id": None, "cloud_url": still.cloud_url}
                await repository.put_thumbnail(session, values | {"time": still.time, "width": still.width, "height": still.height})

    async def publish_audio_track(self, claim: Claim, media_info: dict[str, Any], *, changed: bool) -> None:
        """Stores the measurements of another audio track. Where that `changed` the audio, removes the extracted audio and the clips, which
        hold the earlier track. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            video = await repository.get(session, claim.video_id)
            video.media_info, video.updated_at = media_info, now()
            if changed:
                video.audio_url, video.duration = None, media_info["duration"]
                await moments.remove_clips(session, video.id)

    async def objects_named(self, video_pk: int, keys: Collection[str]) -> set[str]:
        """Returns those of `keys` that a row of the video names."""
        async with self._database.transaction() as session:
            return await objects.named(session, video_pk, keys)

    async def publish_audio(self, claim: Claim, audio_url: str) -> None:
        """Makes the stored audio that of the video. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            video = await repository.get(session, claim.video_id)
            video.audio_url, video.updated_at = audio_url, now()
