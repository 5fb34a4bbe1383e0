"""Queries on transcripts: one per video."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from videomoments.db.session import Session
from videomoments.db.tables import Transcript, Video


async def of_video(session: Session, identifier: str) -> Transcript | None:
    """Returns the transcript or None. `identifier` is the video's public one."""
    return await session.scalar(select(Transcript).join(Video, Video.id == Transcript.video_id).where(Video.identifier == identifier))


async def locked(session: Session, video_pk: int) -> Transcript | None:
    """Returns the video's transcript, locked until the transaction ends."""
    return await session.scalar(select(Transcript).where(Transcript.video_id == video_pk).with_for_update())


async def words_of(session: Session, video_pk: int) -> list[Any]:
    """Returns the rows of its words; none where there is no transcript."""
    return await session.scalar(select(Transcript.word_timestamps).where(Transcript.video_id == video_pk)) or []


async def put(session: Session, values: dict[str, Any]) -> int:
    """Stores the transcript of the video `video_id` in place of an earlier one. Returns its id."""
    statement = insert(Transcript).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "video_id"}
    statement = statement.on_conflict_do_update(index_elements=["video_id"], set_=changed)
    return (await session.execute(statement.returning(Transcript.id))).scalar_one()
