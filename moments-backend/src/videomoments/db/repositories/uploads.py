"""Queries on resumable uploads."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from videomoments.db.session import Session
from videomoments.db.tables import UploadRow

_INSERT = text("""
    INSERT INTO uploads (identifier, file_name, title, length, received, parts, expires_at)
    VALUES (:identifier, :file_name, :title, :length, 0, '{}', now() + make_interval(secs => :life)) RETURNING *
""")
_SELECT = text("SELECT * FROM uploads WHERE identifier = :id AND expires_at > now()")
_ADD = text("""
    UPDATE uploads SET received = received + :size, parts = array_append(parts, :part), expires_at = now() + make_interval(secs => :life)
    WHERE identifier = :id AND received = :offset RETURNING *
""")
_BECAME = text("UPDATE uploads SET video_identifier = :video WHERE identifier = :id")
_DELETE = text("DELETE FROM uploads WHERE identifier = :id")
_EXPIRED = text("SELECT identifier FROM uploads WHERE expires_at < now() LIMIT 20")


async def add(session: Session, *, identifier: str, file_name: str, title: str, length: int, life: timedelta) -> UploadRow:
    values = {"identifier": identifier, "file_name": file_name, "title": title, "length": length, "life": life.total_seconds()}
    made: UploadRow = (await session.scalars(select(UploadRow).from_statement(_INSERT), values)).one()
    return made


async def find(session: Session, identifier: str) -> UploadRow | None:
    """Returns the upload, or None when there is none or it has expired."""
    found: UploadRow | None = await session.scalar(select(UploadRow).from_statement(_SELECT), {"id": identifier})
    return found


async def add_part(session: Session, identifier: str, *, offset: int, size: int, key: str, life: timedelta) -> UploadRow | None:
    """Counts an object of `size` bytes as the upload's next part. Returns None where the upload is not at `offset`."""
    values = {"id": identifier, "offset": offset, "size": size, "part": key, "life": life.total_seconds()}
    found: UploadRow | None = await session.scalar(select(UploadRow).from_statement(_ADD), values)
    return found


async def note_video(session: Session, identifier: str, video_id: str) -> None:
    """Stores which video the upload became."""
    await session.execute(_BECAME, {"id": identifier, "video": video_id})


async def remove(session: Session, identifier: str) -> None:
    await session.execute(_DELETE, {"id": identifier})


async def expired(session: Session) -> list[str]:
    """Returns at most 20 of the uploads that have expired."""
    return list(await session.scalars(_EXPIRED))
