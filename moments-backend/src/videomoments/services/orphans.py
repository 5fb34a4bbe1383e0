"""Finds the objects of the store that may be removed: those that no row names and never will (of killed attempts and aborted uploads), and
audio that can be extracted again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from videomoments.core.times import now
from videomoments.db.repositories import objects as repository
from videomoments.db.repositories.objects import OwnedObject
from videomoments.db.session import Database
from videomoments.storage.layout import is_audio, owner_of
from videomoments.storage.object_store import StoredObject

# A younger object may belong to an upload whose row is not written yet.
_UPLOAD_LIFE = timedelta(days=1)


async def outlived_audio(database: Database, objects: Collection[StoredObject], life: timedelta) -> list[str]:
    """Returns the keys of videos' extracted audio that is older than `life`. The waveform is another object, and stays."""
    oldest = now() - life
    old = [found.key for found in objects if is_audio(found.key) and found.modified is not None and found.modified < oldest]
    if not old:
        return []
    async with database.transaction() as session:
        return await repository.audio_of_videos(session, old)


async def orphaned(database: Database, objects: Collection[StoredObject]) -> list[str]:
    """Returns the keys of those objects that may be removed. Objects under keys outside our layout are never among them."""
    oldest = now() - _UPLOAD_LIFE
    owned = [
        OwnedObject(found.key, owner.video_id, owner.request_id, owner.attempt, found.modified is not None and found.modified < oldest)
        for found in objects
        if (owner := owner_of(found.key)) is not None
    ]
    async with database.transaction() as session:
        return await repository.orphaned(session, owned)
