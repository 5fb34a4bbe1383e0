"""Queries on videos and their thumbnails."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from videomoments.core.errors import NotFound
from videomoments.core.names import new_identifier
from videomoments.db.tables import Thumbnail, Video


async def get(session: AsyncSession, identifier: str) -> Video:
    """Raises NotFound when there is no such video, or it is deleted."""
    video = await session.scalar(select(Video).where(Video.identifier == identifier, Video.deleted_at.is_(None)))
    if video is None:
        raise NotFound("There is no such video.", code="video_not_found")
    return video


async def register(session: AsyncSession, *, source_url: str, source_key: str, title: str) -> tuple[Video, bool]:
    """The video of this source, and whether it is new. Two callers at once get one row (F69)."""
    values = {"identifier": new_identifier(), "source_url": source_url, "source_key": source_key, "title": title}
    statement = insert(Video).values(values).on_conflict_do_nothing(index_elements=["source_key"], index_where=Video.deleted_at.is_(None))
    made = await session.scalar(statement.returning(Video.id))
    found = (
        select(Video).where(Video.id == made) if made else select(Video).where(Video.source_key == source_key, Video.deleted_at.is_(None))
    )
    return (await session.execute(found)).scalar_one(), made is not None


async def put_thumbnail(session: AsyncSession, values: dict[str, Any]) -> None:
    """Replaces the still of a video (`clip_id` None) or of a clip."""
    statement = insert(Thumbnail).values(values)
    changed = {name: statement.excluded[name] for name in ("cloud_url", "time", "width", "height")}
    if values.get("clip_id") is None:
        statement = statement.on_conflict_do_update(index_elements=["video_id"], index_where=Thumbnail.clip_id.is_(None), set_=changed)
    else:
        statement = statement.on_conflict_do_update(index_elements=["clip_id"], index_where=Thumbnail.clip_id.is_not(None), set_=changed)
    await session.execute(statement)


async def thumbnail_of(session: AsyncSession, video_pk: int) -> Thumbnail | None:
    return await session.scalar(select(Thumbnail).where(Thumbnail.video_id == video_pk, Thumbnail.clip_id.is_(None)))
