"""Reads pages of the library with each video's newest run, and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from videomoments.core.errors import NotFound
from videomoments.core.names import RunStatus
from videomoments.db.repositories import video_queries as repository
from videomoments.db.repositories import videos
from videomoments.db.repositories.video_queries import LibraryVideo
from videomoments.db.session import Database
from videomoments.db.tables import Thumbnail
from videomoments.services.nothing import Nothing, reason


class VideoSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class VideoView:
    """A video as lists show it. `nothing` says why it shows no moments, once a run has ended.

    `status` is its newest run's, None without any; `thumbnail` is an object key; `duration` is seconds.
    """

    pk: int
    identifier: str
    source_url: str
    cloud_url: str | None
    title: str
    duration: float | None
    resolution: str | None
    size_bytes: int | None
    content_type: str | None
    created_at: datetime
    updated_at: datetime | None
    request_id: str | None
    status: RunStatus | None
    moment_count: int
    nothing: Nothing | None
    thumbnail: str | None
    deleted_at: datetime | None
    sort_key: str


class VideoQueries:
    """Reads videos for lists and pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> VideoView:
        """Returns one video. Raises NotFound (`video_not_found`)."""
        found = await repository.find(self._database, identifier)
        if found is None:
            raise NotFound("There is no such video.", code="video_not_found")
        return _view(found)

    async def page(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        deleted_within: timedelta | None = None,
        sort: VideoSort = VideoSort.NEWEST,
        after: tuple[str, int] | None = None,
        limit: int = 50,
    ) -> list[VideoView]:
        """Returns videos whose title or source contains `q` and whose newest run has `status` (`new`: no run yet), behind `after`
        (sort_key, pk).

        Leaves out a video that was never stored and whose newest run was dismissed. With `deleted_within`, returns only videos deleted
        within that time; without it, no deleted ones.
        """
        found = await repository.page(
            self._database, q=q, status=status, deleted_within=deleted_within, sort=sort.value, after=after, limit=limit
        )
        return [_view(video) for video in found]

    async def thumbnail(self, identifier: str) -> Thumbnail:
        """Returns the video's own thumbnail. Raises NotFound (`video_not_found`, `thumbnail_not_found`)."""
        async with self._database.transaction() as session:
            video = await videos.get(session, identifier)
            found = await videos.thumbnail_of(session, video.id)
        if found is None:
            raise NotFound(
                "This video has no thumbnail yet.", code="thumbnail_not_found", advice="It is made when the video is downloaded."
            )
        return found

    async def clip_thumbnails(self, clip_ids: Sequence[int]) -> dict[int, str]:
        """Returns the object keys of the clips' thumbnails, by clip id."""
        return await repository.clip_thumbnails(self._database, clip_ids)


def _view(row: LibraryVideo) -> VideoView:
    return VideoView(
        pk=row.pk,
        identifier=row.identifier,
        source_url=row.source_url,
        cloud_url=row.cloud_url,
        title=row.title,
        duration=row.duration,
        resolution=row.resolution,
        size_bytes=row.size_bytes,
        content_type=row.content_type,
        created_at=row.created_at,
        updated_at=row.updated_at,
        request_id=row.request_id,
        status=RunStatus(row.status) if row.status else None,
        moment_count=row.moment_count,
        nothing=None if row.moment_count else reason(row.decided, row.note, row.error_message, row.found),
        thumbnail=row.thumbnail,
        deleted_at=row.deleted_at,
        sort_key=row.sort_key,
    )
