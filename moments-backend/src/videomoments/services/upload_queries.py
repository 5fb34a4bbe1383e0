"""Videos that a person gives as a file: the bytes are in the store before there is a row, and the row names them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from videomoments.db.session import Database
from videomoments.db.tables import Video

# `source_url` of an upload is this and the file's name as a label; its bytes stand at `cloud_url`.
UPLOAD_SCHEME = "upload:"


class Uploads:
    """Use-cases on uploaded files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(
        self, identifier: str, *, key: str, sha256: str, file_name: str, title: str, size_bytes: int, content_type: str
    ) -> tuple[Video, bool]:
        """The video of these bytes, and whether it is new: the same bytes given twice are one video, and `key` is then not used (F69).

        `identifier` is the new video's; `key` is the object's below that video's prefix.
        """
        values = {
            "identifier": identifier,
            "source_url": UPLOAD_SCHEME + file_name,
            "source_key": f"sha256:{sha256}",
            "title": title,
            "cloud_url": key,
            "size_bytes": size_bytes,
            "content_type": content_type,
        }
        statement = insert(Video).values(values)
        statement = statement.on_conflict_do_nothing(index_elements=["source_key"], index_where=Video.deleted_at.is_(None))
        async with self._database.transaction() as session:
            made = await session.scalar(statement.returning(Video.id))
            same = (Video.source_key == values["source_key"]) & Video.deleted_at.is_(None)
            video = (await session.execute(select(Video).where(Video.id == made if made else same))).scalar_one()
        return video, made is not None
