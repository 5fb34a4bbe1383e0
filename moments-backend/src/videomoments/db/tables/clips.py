from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Clip(Keyed, Table):
    """A stored clip of a moment. `start_time` and `end_time` are the file's bounds in seconds of the source's timeline; the paddings are
    the seconds by which it extends beyond the moment on either side."""

    __tablename__ = "clips"
    __table_args__ = (
        CheckConstraint("kind IN ('input', 'delivered')", name="kind"),
        CheckConstraint("end_time > start_time", name="times"),
        Index("uq_clips_moment_id_kind", "moment_id", "kind", unique=True),
        Index("ix_clips_video_id", "video_id"),
    )

    identifier: Mapped[str] = mapped_column(unique=True)
    moment_id: Mapped[int] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"))
    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("pipeline_history.id", ondelete="SET NULL"))
    kind: Mapped[str]
    cloud_url: Mapped[str]
    start_time: Mapped[float]
    end_time: Mapped[float]
    padding_left: Mapped[float]
    padding_right: Mapped[float]
    # The method of the cut: copy, smart, encode, proxy or audio.
    mode: Mapped[str]
    size_bytes: Mapped[int]
    content_type: Mapped[str]
