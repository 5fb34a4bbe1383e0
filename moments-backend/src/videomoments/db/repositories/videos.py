"""Queries on videos and their thumbnails."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from videomoments.core.errors import NotFound
from videomoments.core.names import new_identifier
from videomoments.db.session import Session
from videomoments.db.tables import Thumbnail, Video


class SourceObject(NamedTuple):
    """The object that holds a source's bytes."""

    cloud_url: str
    size_bytes: int
    content_type: str


async def get(session: Session, identifier: str) -> Video:
    """Returns the video. Raises NotFound when there is none, or it is deleted."""
    video = await session.scalar(select(Video).where(Video.identifier == identifier, Video.deleted_at.is_(None)))
    if video is None:
        raise NotFound("There is no such video.", code="video_not_found")
    return video


async def source_info(session: Session, video_pk: int) -> dict[str, Any]:
    """Returns what is known of the source apart from its bytes, empty before the download."""
    return await session.scalar(select(Video.source_info).where(Video.id == video_pk)) or {}


async def register(
    session: Session, *, source_url: str, source_key: str, title: str, identifier: str | None = None, stored: SourceObject | None = None
) -> tuple[Video, bool]:
    """Returns the video of this source, and whether it is new. Two concurrent callers get one row (F69). `identifier` and `stored` are used
    only for a new video."""
    values = {"identifier": identifier or new_identifier(), "source_url": source_url, "source_key": source_key, "title": title}
    if stored is not None:
        values |= stored._asdict()
    statement = insert(Video).values(values).on_conflict_do_nothing(index_elements=["source_key"], index_where=Video.deleted_at.is_(None))
    made = await session.scalar(statement.returning(Video.id))
    found = (
        select(Video).where(Video.id == made) if made else select(Video).where(Video.source_key == source_key, Video.deleted_at.is_(None))
    )
    return (await session.execute(found)).scalar_one(), made is not None


async def put_thumbnail(session: Session, values: dict[str, Any]) -> None:
    """Replaces the thumbnail of a video (`clip_id` None) or of a clip."""
    statement = insert(Thumbnail).values(values)
    changed = {name: statement.excluded[name] for name in ("cloud_url", "time", "width", "height")}
    if values.get("clip_id") is None:
        statement = statement.on_conflict_do_update(index_elements=["video_id"], index_where=Thumbnail.clip_id.is_(None), set_=changed)
    else:
        statement = statement.on_conflict_do_update(index_elements=["clip_id"], index_where=Thumbnail.clip_id.is_not(None), set_=changed)
    await session.execute(statement)


async def thumbnail_of(session: Session, video_pk: int) -> Thumbnail | None:
    return await session.scalar(select(Thumbnail).where(Thumbnail.video_id == video_pk, Thumbnail.clip_id.is_(None)))
