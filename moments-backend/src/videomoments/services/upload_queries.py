"""Registers videos that a user uploads. The bytes are in the store before there is a row, and the row names them."""

from __future__ import annotations

from collections.abc import AsyncIterable

from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import new_identifier
from videomoments.db.repositories import videos as repository
from videomoments.db.session import Database
from videomoments.db.tables import Video
from videomoments.sources import only_media
from videomoments.storage.layout import content_type_of, upload_key
from videomoments.storage.object_store import ObjectStore

# `source_url` of an upload is this and the file's name as a label; its bytes are at `cloud_url`.
UPLOAD_SCHEME = "upload:"


class Uploads:
    """Use-cases on uploaded files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self, store: ObjectStore, chunks: AsyncIterable[bytes], *, file_name: str, title: str, max_bytes: int | None = None
    ) -> tuple[Video, bool]:
        """Streams a file into the store and registers it. Returns the video, and whether it is new.

        Raises UnsupportedMedia (`empty_file`, `not_media`), TooLarge, and what `chunks` raises. Only a new video's object stays.
        """
        identifier = new_identifier()
        key = upload_key(identifier, new_identifier(), file_name)
        content_type = content_type_of(key)
        stored = await store.put_stream(key, only_media(chunks), content_type=content_type, max_bytes=max_bytes)
        fresh = False
        try:
            if stored.size == 0:
                raise UnsupportedMedia("The file is empty.", code="empty_file", advice="Choose the file again.")
            video, fresh = await self.register(
                identifier,
                key=key,
                sha256=stored.sha256 or "",
                file_name=file_name,
                title=title,
                size_bytes=stored.size,
                content_type=content_type,
            )
        finally:
            if not fresh:
                await store.delete(key)
        return video, fresh

    async def register(
        self, identifier: str, *, key: str, sha256: str, file_name: str, title: str, size_bytes: int, content_type: str
    ) -> tuple[Video, bool]:
        """Returns the video of these bytes, and whether it is new. The same bytes are one video, and `key` is then not used (F69).

        `identifier` is the new video's; `key` is the object's below that video's prefix.
        """
        async with self._database.transaction() as session:
            return await repository.register(
                session,
                source_url=UPLOAD_SCHEME + file_name,
                source_key=f"sha256:{sha256}",
                title=title,
                identifier=identifier,
                stored=repository.SourceObject(key, size_bytes, content_type),
            )
