from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Video(Keyed, Table):
    """A recording. `cloud_url` and `audio_url` are object keys below STORAGE_URL; `duration` is measured seconds."""

    __tablename__ = "videos"
    __table_args__ = (
        # F69: the same source registered twice is one video.
        Index("uq_videos_source_key", "source_key", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("ix_videos_created_at_id", "created_at", "id"),
    )

    identifier: Mapped[str] = mapped_column(unique=True)
    source_url: Mapped[str]
    # The source in a normalised form that two spellings of one URL share; for a local file its path, size and modification time.
    source_key: Mapped[str]
    cloud_url: Mapped[str | None]
    audio_url: Mapped[str | None]
    title: Mapped[str]
    duration: Mapped[float | None]
    resolution: Mapped[str | None]
    size_bytes: Mapped[int | None]
    content_type: Mapped[str | None]
    # What `media.probe` measured, as `MediaInfo.to_dict()`, with the timeline's zero and the map of the file's clock.
    media_info: Mapped[dict[str, Any] | None]
    # Facts from the download: `sha256` of the bytes, `etag`; from a site also `site`, `id`, `page`, `uploader`, `published` (YYYYMMDD),
    # `of` (videos behind the address), `chapters`, `captions` ({language, format, text}). Not read with the row, because captions are long.
    source_info: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
