"""Queries behind the pages of the library: videos with their newest run, and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from videomoments.db.session import Executor

# `moment_count` counts what `Moments.of_video` shows: the moments of the newest completed run, and all others that a user made or edited.
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
# Of a source that was never stored, nothing is left once its failed run is dismissed. A new run of it shows it again.
_CAME_TO_SOMETHING = "AND NOT (videos.cloud_url IS NULL AND run.dismissed_at IS NOT NULL)"
_RESTORABLE = "videos.deleted_at > now() - make_interval(secs => :life)"
_TIME = "CAST(CAST(:after AS text) AS timestamptz)"
# (column of the key, the cursor in its type, comparison with the cursor, direction)
_ORDERS = {
    "newest": ("videos.created_at", _TIME, "<", "DESC"),
    "oldest": ("videos.created_at", _TIME, ">", "ASC"),
    "title": ("lower(title)", "CAST(:after AS text)", ">", "ASC"),
}
_CLIP_THUMBNAILS = text("SELECT clip_id, cloud_url FROM thumbnails WHERE clip_id = ANY(:ids)")


class LibraryVideo(NamedTuple):
    """A video with its newest run. `decided`, `note`, `error_message` and `found` explain why it shows no moments, where it shows none."""

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
    deleted_at: datetime | None
    request_id: str | None
    status: str | None
    thumbnail: str | None
    moment_count: int
    decided: str | None
    note: str | None
    error_message: str | None
    found: int
    sort_key: str


async def find(db: Executor, identifier: str) -> LibraryVideo | None:
    """Returns the video, or None when there is none or it is deleted."""
    found = await _select(db, "newest", "AND videos.identifier = :identifier", {"identifier": identifier})
    return found[0] if found else None


async def page(
    db: Executor,
    *,
    q: str | None,
    status: str | None,
    deleted_within: timedelta | None,
    sort: str,
    after: tuple[str, int] | None,
    limit: int,
) -> list[LibraryVideo]:
    """Returns a page of the library as `VideoQueries.page` describes; `sort` is one of its orders."""
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
    return await _select(db, sort, " ".join(where), values, which=_LIVING if deleted_within is None else _RESTORABLE)


async def clip_thumbnails(db: Executor, clip_ids: Sequence[int]) -> dict[int, str]:
    """Returns the object keys of the clips' thumbnails, by clip id."""
    return {row.clip_id: row.cloud_url for row in await db.execute(_CLIP_THUMBNAILS, {"ids": list(clip_ids)})}


async def _select(db: Executor, sort: str, where: str, values: dict[str, Any], which: str = _LIVING) -> list[LibraryVideo]:
    statement = text(_SELECT.format(key=_ORDERS[sort][0], which=which) + where)
    return [LibraryVideo._make(row) for row in await db.execute(statement, values)]
