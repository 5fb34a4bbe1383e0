"""Which objects of the store may go: what no row names and never will (attempts that were killed, uploads that were broken off), and audio
that can be extracted again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import text

from videomoments.core.times import now
from videomoments.db.session import Database
from videomoments.storage.layout import is_audio, owner_of
from videomoments.storage.object_store import StoredObject

# All that names objects, as (video_id, key). Whatever column comes to hold a key has to stand here, or its objects are swept.
NAMED_OBJECTS = """
    SELECT id, cloud_url FROM videos UNION ALL SELECT id, audio_url FROM videos
    UNION ALL SELECT id, regexp_replace(audio_url, '\\.wav$', '.waveform') FROM videos
    UNION ALL SELECT video_id, cloud_url FROM clips UNION ALL SELECT video_id, cloud_url FROM thumbnails
"""
_UPLOAD_LIFE = timedelta(days=1)
# One statement, one snapshot: a run that has ended, or an attempt that was overtaken, can name nothing any more (the fence), so what is
# not named now never will be. Objects of videos that this database does not know are another's.
_ORPHANS = text(f"""
    SELECT object.key
    FROM unnest(CAST(:keys AS text[]), CAST(:videos AS text[]), CAST(:requests AS text[]), CAST(:attempts AS int[]), CAST(:old AS bool[]))
         AS object (key, video, request, attempt, old)
    JOIN videos ON videos.identifier = object.video
    LEFT JOIN pipeline_history AS run ON run.identifier = object.request
    WHERE NOT EXISTS (SELECT FROM ({NAMED_OBJECTS}) AS named (video_id, key) WHERE named.video_id = videos.id AND named.key = object.key)
      AND CASE WHEN run.id IS NULL THEN object.old
          ELSE run.status NOT IN ('queued', 'processing') OR run.attempt > object.attempt END
""")  # noqa: S608 (constants)


_STORED_AUDIO = text("SELECT audio_url FROM videos WHERE audio_url = ANY(:keys)")


async def outlived_audio(database: Database, objects: Collection[StoredObject], life: timedelta) -> list[str]:
    """The keys of videos' extracted audio that is older than `life`. Its waveform beside it is another object, and stays."""
    oldest = now() - life
    old = [found.key for found in objects if is_audio(found.key) and found.modified is not None and found.modified < oldest]
    if not old:
        return []
    async with database.transaction() as session:
        return list(await session.scalars(_STORED_AUDIO, {"keys": old}))


async def orphaned(database: Database, objects: Collection[StoredObject]) -> list[str]:
    """The keys of those objects that may be removed. Objects under keys that are not of our layout are never among them."""
    oldest = now() - _UPLOAD_LIFE
    owned = [(found, owner) for found in objects if (owner := owner_of(found.key)) is not None]
    values = {
        "keys": [found.key for found, _ in owned],
        "videos": [owner.video_id for _, owner in owned],
        "requests": [owner.request_id for _, owner in owned],
        "attempts": [owner.attempt for _, owner in owned],
        "old": [found.modified is not None and found.modified < oldest for found, _ in owned],
    }
    async with database.transaction() as session:
        return list(await session.scalars(_ORPHANS, values))
