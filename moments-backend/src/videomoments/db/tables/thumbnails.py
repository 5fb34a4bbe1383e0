from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Thumbnail(Keyed, Table):
    """A still of a video (`clip_id` is null) or of a clip."""

    __tablename__ = "thumbnails"
    __table_args__ = (
        Index("uq_thumbnails_video", "video_id", unique=True, postgresql_where=text("clip_id IS NULL")),
        Index("uq_thumbnails_clip", "clip_id", unique=True, postgresql_where=text("clip_id IS NOT NULL")),
    )

    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    cloud_url: Mapped[str]
    time: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
