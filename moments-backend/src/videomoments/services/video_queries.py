"""What is asked about videos: pages of the library, with each video's newest run, and stills. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text

from videomoments.core.errors import NotFound
from videomoments.core.names import RunStatus
from videomoments.db.repositories import videos as repository
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


# `moment_count` is what `Moments.of_video` shows: the newest completed run's, and all that a person made or edited besides.
_SELECT = """
    SELECT videos.id, videos.identifier, source_url, videos.cloud_url, title, duration, resolution, size_bytes, content_type,
           videos.created_at, updated_at, videos.deleted_at, run.identifier AS request_id, run.status, thumbnails.cloud_url AS thumbnail,
           (SELECT count(*) FROM moments WHERE run_id = done.id AND parent_id IS NULL AND moments.deleted_at IS NULL)
               + by_hand.count AS moment_count,
           coalesce(done.status, run.status) AS decided, done.note, run.error_message,
           (SELECT count(*) FROM moments WHERE run_id = done.id) AS found,
           CAST({key} AS text) AS sort_key
    FROM videos
    LEFT JOIN LATERAL (SELECT identifier, status, dismissed_at, error_message FROM pipeline_history
                       WHERE video_id = videos.id AND kind <> 'clips' ORDER BY created_at DESC, id DESC LIMIT 1) AS run ON true
    LEFT JOIN LATERAL (SELECT id, status, note FROM pipeline_history WHERE video_id = videos.id AND status = 'completed'
                       AND kind IN ('pipeline', 'generate') ORDER BY completed_at DESC, id DESC LIMIT 1) AS done ON true
    LEFT JOIN LATERAL (
        WITH hand AS (
            SELECT moment.id, moment.parent_id FROM moments AS moment
            WHERE moment.video_id = videos.id AND moment.deleted_at IS NULL AND (moment.run_id IS NULL OR moment.edited_at IS NOT NULL)
              AND (moment.run_id IS NULL OR moment.run_id IS DISTINCT FROM done.id OR moment.parent_id IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM moments AS original WHERE original.id = moment.parent_id AND original.run_id = done.id
                  AND original.parent_id IS NULL AND original.deleted_at IS NULL))
        )
        SELECT count(*) FROM hand WHERE NOT EXISTS (SELECT 1 FROM hand AS refined WHERE refined.parent_id = hand.id)
    ) AS by_hand ON true
    LEFT JOIN thumbnails ON thumbnails.video_id = videos.id AND thumbnails.clip_id IS NULL
    WHERE {which}
"""
_LIVING = "videos.deleted_at IS NULL"
# Of a source that never came, nothing is left when its failed run is dismissed. A new run of it brings it back.
_CAME_TO_SOMETHING = "AND NOT (videos.cloud_url IS NULL AND run.dismissed_at IS NOT NULL)"
_RESTORABLE = "videos.deleted_at > now() - make_interval(secs => :life)"
_TIME = "CAST(CAST(:after AS text) AS timestamptz)"
# (column of the key, the cursor in its type, comparison with the cursor, direction)
_ORDERS = {
    VideoSort.NEWEST: ("videos.created_at", _TIME, "<", "DESC"),
    VideoSort.OLDEST: ("videos.created_at", _TIME, ">", "ASC"),
    VideoSort.TITLE: ("lower(title)", "CAST(:after AS text)", ">", "ASC"),
}


class VideoQueries:
    """Questions about videos."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> VideoView:
        """Raises NotFound (`video_not_found`)."""
        found = await self._select(VideoSort.NEWEST, "AND videos.identifier = :identifier", {"identifier": identifier})
        if not found:
            raise NotFound("There is no such video.", code="video_not_found")
        return found[0]

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
        """Videos whose title or source contains `q`, whose newest run has `status` (`new`: no run yet), behind `after` (sort_key, pk).

        A video that was never stored and whose newest run was dismissed is left out.
        With `deleted_within` only those that were deleted so short a time ago, else none of them.
        """
        key, cursor, comparison, direction = _ORDERS[sort]
        where, values = ([] if deleted_within else [_CAME_TO_SOMETHING]), dict[str, Any](limit=limit)
        if q:
            where.append("AND (title ILIKE :q OR source_url ILIKE :q)")
            values["q"] = "%" + q.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
        if status is not None:
            where.append("AND coalesce(run.status, 'new') = :status")
            values["status"] = status
        if after is not None:
            where.append(f"AND ({key}, videos.id) {comparison} ({cursor}, CAST(:after_id AS bigint))")
            values |= {"after": after[0], "after_id": after[1]}
        where.append(f"ORDER BY {key} {direction}, videos.id {direction} LIMIT :limit")
        if deleted_within is not None:
            values["life"] = deleted_within.total_seconds()
        return await self._select(sort, " ".join(where), values, which=_LIVING if deleted_within is None else _RESTORABLE)

    async def thumbnail(self, identifier: str) -> Thumbnail:
        """The video's own still. Raises NotFound (`video_not_found`, `thumbnail_not_found`)."""
        async with self._database.transaction() as session:
            video = await repository.get(session, identifier)
            found = await repository.thumbnail_of(session, video.id)
        if found is None:
            raise NotFound(
                "This video has no thumbnail yet.", code="thumbnail_not_found", advice="It is made when the video is downloaded."
            )
        return found

    async def clip_thumbnails(self, clip_ids: Sequence[int]) -> dict[int, str]:
        """Object keys of the clips' stills, by clip id."""
        statement = text("SELECT clip_id, cloud_url FROM thumbnails WHERE clip_id = ANY(:ids)")
        async with self._database.transaction() as session:
            return {row.clip_id: row.cloud_url for row in await session.execute(statement, {"ids": list(clip_ids)})}

    async def _select(self, sort: VideoSort, where: str, values: dict[str, Any], which: str = _LIVING) -> list[VideoView]:
        statement = text(_SELECT.format(key=_ORDERS[sort][0], which=which) + where)
        return [_view(row) for row in await self._database.statement(statement, values)]


def _view(row: Row[Any]) -> VideoView:
    return VideoView(
        pk=row.id,
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
