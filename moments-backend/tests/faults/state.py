"""What a run has left, without what differs from run to run: for comparing a disturbed run with an undisturbed one."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import text

from videomoments.db.repositories.objects import NAMED_OBJECTS
from videomoments.services.wiring import Services
from videomoments.storage.layout import video_prefix
from videomoments.storage.object_store import ObjectStore

# Table, and the column that leads to the video. `moments` in the order in which a person sees them.
_TABLES = {
    "videos": "SELECT * FROM videos WHERE id = :video",
    "transcripts": "SELECT * FROM transcripts WHERE video_id = :video",
    "moments": "SELECT * FROM moments WHERE video_id = :video ORDER BY position, is_refined",
    "clips": """SELECT clips.* FROM clips JOIN moments ON moments.id = moment_id WHERE clips.video_id = :video
                ORDER BY position, is_refined, kind""",
    "thumbnails": "SELECT thumbnails.* FROM thumbnails WHERE video_id = :video ORDER BY clip_id IS NULL, time",
    "pipeline_history": "SELECT status, error_code, error_message, note FROM pipeline_history WHERE video_id = :video",
    "pipeline_stages": """SELECT name, stage.status, reason FROM pipeline_stages AS stage JOIN pipeline_history AS run ON run.id = run_id
                          WHERE run.video_id = :video ORDER BY position""",
}
# Keys, clocks and places; every object's name is compared among the objects.
_VOLATILE = re.compile(
    r"id|.*_id|identifier|.*_at|source_url|source_key|processing_time|input_hash|cloud_url|audio_url|engine|etag", re.DOTALL
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def rows_of(services: Services, video_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of one video."""
    async with services.database.transaction() as session:
        video = await session.scalar(text("SELECT id FROM videos WHERE identifier = :id"), {"id": video_id})
        found = {name: (await session.execute(text(query), {"video": video})).mappings().all() for name, query in _TABLES.items()}
    return {name: [{key: row[key] for key in row if not _VOLATILE.fullmatch(key)} for row in rows] for name, rows in found.items()}


async def objects_of(store: ObjectStore, video_id: str) -> list[tuple[str, str]]:
    """(key without identifiers and attempt, SHA-256) of each object of one video."""
    found = []
    async for stored in store.list(video_prefix(video_id)):
        digest = hashlib.sha256()
        async for chunk in store.stream(stored.key):
            digest.update(chunk)
        name = re.sub(r"-\d+(\.\w+)$", r"\1", _UUID.sub("*", stored.key))
        found.append((name, digest.hexdigest()[:16]))
    return sorted(found)


async def misnamed(services: Services, store: ObjectStore) -> set[str]:
    """Objects that no row names, and names without an object (a waveform's follows from its audio's, and need not be there)."""
    async with services.database.transaction() as session:
        named = {key for _, key in await session.execute(text(NAMED_OBJECTS)) if key is not None}
    stored = {found.key async for found in store.list("")}
    return stored - named | {key for key in named - stored if not key.endswith(".waveform")}
