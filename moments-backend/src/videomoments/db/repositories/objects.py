"""Queries on the objects of the store that rows name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import text

from videomoments.db.session import Session

# Selects all object keys in rows, as (video_id, key). Every column that holds a key must be here, or its objects are swept.
NAMED_OBJECTS = """
    SELECT id, cloud_url FROM videos UNION ALL SELECT id, audio_url FROM videos
    UNION ALL SELECT id, regexp_replace(audio_url, '\\.wav$', '.waveform') FROM videos
    UNION ALL SELECT video_id, cloud_url FROM clips UNION ALL SELECT video_id, cloud_url FROM thumbnails
"""
_NAMED = text(f"SELECT key FROM ({NAMED_OBJECTS}) AS named (video_id, key) WHERE video_id = :video AND key = ANY(:keys)")  # noqa: S608
# One statement sees one snapshot. The fence keeps a run that has ended, and an attempt that was overtaken, from naming objects, so what is
# not named now never will be. Objects of videos that this database does not know belong to another installation.
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


class OwnedObject(NamedTuple):
    """An object and its owner, by its key. `old`: written so long ago that no upload can still be writing its row."""

    key: str
    video_id: str
    request_id: str | None
    attempt: int | None
    old: bool


async def named(session: Session, video_pk: int, keys: Collection[str]) -> set[str]:
    """Returns those of `keys` that a row of the video names."""
    return set(await session.scalars(_NAMED, {"video": video_pk, "keys": list(keys)}))


async def orphaned(session: Session, objects: Sequence[OwnedObject]) -> list[str]:
    """Returns the keys of those objects that no row names and never will."""
    values = {
        "keys": [found.key for found in objects],
        "videos": [found.video_id for found in objects],
        "requests": [found.request_id for found in objects],
        "attempts": [found.attempt for found in objects],
        "old": [found.old for found in objects],
    }
    return list(await session.scalars(_ORPHANS, values))


async def audio_of_videos(session: Session, keys: Collection[str]) -> list[str]:
    """Returns those of `keys` that are videos' extracted audio."""
    return list(await session.scalars(_STORED_AUDIO, {"keys": list(keys)}))
