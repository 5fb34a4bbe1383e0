"""Takes files in pieces, over hours and broken connections. Each piece is an object; the row lists those that count.

Nothing is locked while bytes flow. Of two requests that send the same piece, the first to add its object to the row wins; the other object
is deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from videomoments.core.errors import Conflict, NotFound, TooLarge, UnsupportedMedia
from videomoments.core.names import new_identifier
from videomoments.db.repositories import uploads as repository
from videomoments.db.session import Database
from videomoments.db.tables import UploadRow
from videomoments.services.upload_queries import Uploads
from videomoments.sources import HEAD_BYTES, only_media
from videomoments.storage.layout import UNKNOWN_TYPE, part_key, parts_prefix
from videomoments.storage.object_store import ObjectStore

UPLOAD_LIFE = timedelta(days=1)
"""How long an upload may rest; every piece begins it anew."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The state of an upload. `video_id` is set once it has become a video."""

    identifier: str
    file_name: str
    title: str
    length: int
    received: int
    parts: tuple[str, ...]
    expires_at: datetime
    video_id: str | None

    @property
    def complete(self) -> bool:
        return self.received == self.length


class ResumableUploads:
    """Uploads in pieces."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store
        self._uploads = Uploads(database)

    async def create(self, length: int, *, file_name: str, title: str) -> Upload:
        """Creates an upload for a file of `length` bytes. `file_name` is a label."""
        await self.sweep()
        async with self._database.transaction() as session:
            made = await repository.add(
                session, identifier=new_identifier(), file_name=file_name, title=title, length=length, life=UPLOAD_LIFE
            )
            return _upload(made)

    async def get(self, upload_id: str) -> Upload:
        """Returns the upload. Raises NotFound (`upload_not_found`) for one that never was, was ended or has expired."""
        async with self._database.transaction() as session:
            row = await repository.find(session, upload_id)
        if row is None:
            raise NotFound("There is no such upload (any more).", code="upload_not_found", advice="Begin the upload again.")
        return _upload(row)

    async def append(self, upload_id: str, offset: int, chunks: AsyncIterable[bytes]) -> Upload:
        """Adds the bytes that `chunks` yields, which belong at `offset`. When it breaks off, the bytes before that count.

        Raises:
            NotFound: as `get`.
            Conflict: the upload is at another offset (`wrong_offset`), or all of it is there (`upload_complete`).
            TooLarge: more bytes than were announced.
            UnsupportedMedia: its first bytes are no media (`not_media`); the upload is forgotten.
        """
        upload = await self.get(upload_id)
        if upload.complete:
            return await self._nothing_more(upload, offset, chunks)
        if upload.received != offset:
            raise _wrong_offset(upload)
        key = part_key(upload_id, offset, new_identifier())
        if offset < HEAD_BYTES:
            chunks = only_media(chunks, before=await self._head(upload), length=upload.length)
        try:
            stored = await self._store.put_stream(key, chunks, content_type=UNKNOWN_TYPE, max_bytes=upload.length - offset)
        except UnsupportedMedia:
            await self._forget(upload_id)
            raise
        if stored.size == 0:
            await self._store.delete(key)
            return upload
        async with self._database.transaction() as session:
            row = await repository.add_part(session, upload_id, offset=offset, size=stored.size, key=key, life=UPLOAD_LIFE)
        if row is None:
            await self._store.delete(key)
            raise _wrong_offset(await self.get(upload_id))
        return _upload(row)

    async def finish(self, upload: Upload) -> str:
        """Returns the identifier of the video that a complete upload becomes. May be called again, also at the same time.

        Raises UnsupportedMedia (`not_media`); the upload is forgotten then.
        """
        if upload.video_id is not None:
            return upload.video_id
        try:
            video, _ = await self._uploads.keep(self._store, self._joined(upload), file_name=upload.file_name, title=upload.title)
        except UnsupportedMedia:
            await self._forget(upload.identifier)
            raise
        except NotFound:
            # Another request has finished it meanwhile, and removed the pieces.
            now = await self.get(upload.identifier)
            if now.video_id is None:
                raise
            return now.video_id
        async with self._database.transaction() as session:
            await repository.note_video(session, upload.identifier, video.identifier)
        await self._store.delete_prefix(parts_prefix(upload.identifier))
        return video.identifier

    async def end(self, upload_id: str) -> None:
        """Removes an upload and its pieces. Raises NotFound."""
        await self.get(upload_id)
        await self._forget(upload_id)

    async def sweep(self) -> None:
        """Removes the uploads that have expired."""
        async with self._database.transaction() as session:
            expired = await repository.expired(session)
        for upload_id in expired:
            await self._forget(upload_id)

    async def _forget(self, upload_id: str) -> None:
        await self._store.delete_prefix(parts_prefix(upload_id))
        async with self._database.transaction() as session:
            await repository.remove(session, upload_id)

    async def _nothing_more(self, upload: Upload, offset: int, chunks: AsyncIterable[bytes]) -> Upload:
        """Returns a complete upload for an empty piece at its end, by which a client asks whether it is complete. Raises Conflict
        otherwise."""
        empty = offset == upload.length and await anext((False async for chunk in chunks if chunk), True)
        if empty:
            return upload
        became = f" and became the video {upload.video_id}" if upload.video_id else ""
        raise Conflict(
            f"The upload is complete: all {upload.length} bytes are there{became}.",
            code="upload_complete",
            advice="Send nothing more; GET its address for the video.",
        )

    async def _head(self, upload: Upload) -> bytes:
        """Returns the first bytes received, at most `HEAD_BYTES`."""
        head = b""
        for part in upload.parts:
            if len(head) >= HEAD_BYTES:
                break
            head += await self._store.read_range(part, 0, HEAD_BYTES)
        return head

    async def _joined(self, upload: Upload) -> AsyncIterator[bytes]:
        for part in upload.parts:
            async for chunk in self._store.stream(part):
                yield chunk


def _upload(row: UploadRow) -> Upload:
    return Upload(
        identifier=row.identifier,
        file_name=row.file_name,
        title=row.title,
        length=row.length,
        received=row.received,
        parts=tuple(row.parts),
        expires_at=row.expires_at,
        video_id=row.video_identifier,
    )


def _wrong_offset(upload: Upload) -> Conflict:
    return Conflict(
        f"The upload is at {upload.received} bytes.", code="wrong_offset", advice="Ask for its offset (HEAD) and go on from there."
    )


def refuse_length(length: int, limit: int) -> None:
    """Raises TooLarge for a file beyond the limit."""
    if length > limit:
        raise TooLarge(f"The file is larger than the limit of {limit} bytes.", advice="Give a smaller file.")
