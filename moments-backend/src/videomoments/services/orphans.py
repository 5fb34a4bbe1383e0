"""Which objects of the store may go: what no row names and never will (attempts that were killed, uploads that were broken off), and audio
that can be extracted again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from videomoments.core.times import now
from videomoments.db.repositories import objects as repository
from videomoments.db.repositories.objects import OwnedObject
from videomoments.db.session import Database
from videomoments.storage.layout import is_audio, owner_of
from videomoments.storage.object_store import StoredObject

# An object that is younger may be an upload on its way to its row.
_UPLOAD_LIFE = timedelta(days=1)


async def outlived_audio(database: Database, objects: Collection[StoredObject], life: timedelta) -> list[str]:
    """The keys of videos' extracted audio that is older than `life`. Its waveform beside it is another object, and stays."""
    oldest = now() - life
    old = [found.key for found in objects if is_audio(found.key) and found.modified is not None and found.modified < oldest]
    if not old:
        return []
    async with database.transaction() as session:
        return await repository.audio_of_videos(session, old)


async def orphaned(database: Database, objects: Collection[StoredObject]) -> list[str]:
    """The keys of those objects that may be removed. Objects under keys that are not of our layout are never among them."""
    oldest = now() - _UPLOAD_LIFE
    owned = [
        OwnedObject(found.key, owner.video_id, owner.request_id, owner.attempt, found.modified is not None and found.modified < oldest)
        for found in objects
        if (owner := owner_of(found.key)) is not None
    ]
    async with database.transaction() as session:
        return await repository.orphaned(session, owned)
