from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Moment(Keyed, Table):
    """A stretch of a video that is worth a clip, in seconds of its timeline. A refined moment refers to its original by `parent_id`."""

    __tablename__ = "moments"
    __table_args__ = (
        CheckConstraint("start_time >= 0 AND end_time > start_time", name="times"),
        CheckConstraint("score IS NULL OR (score >= 0 AND score <= 1)", name="score"),
        CheckConstraint("is_refined = (parent_id IS NOT NULL)", name="refined_has_parent"),
        CheckConstraint("review IN ('new', 'kept', 'rejected')", name="review"),
        # F13, F14: a stage that runs twice writes the same rows.
        Index("uq_moments_run_position", "run_id", "position", unique=True, postgresql_where=text("parent_id IS NULL")),
        Index("uq_moments_parent_run", "parent_id", "run_id", unique=True),
        Index("ix_moments_video_id_start_time", "video_id", "start_time"),
        Index("ix_moments_gen_config_id", "gen_config_id"),
        Index("ix_moments_deleted_at", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )

    identifier: Mapped[str] = mapped_column(unique=True)
    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("pipeline_history.id", ondelete="SET NULL"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"))
    gen_config_id: Mapped[int | None] = mapped_column(ForeignKey("generation_configs.id"))
    position: Mapped[int]
    title: Mapped[str]
    start_time: Mapped[float]
    end_time: Mapped[float]
    is_refined: Mapped[bool] = mapped_column(server_default=text("false"))
    score: Mapped[float | None]
    reason: Mapped[str | None]
    # The registry key of the model that returned it; empty for a user's own moment.
    engine: Mapped[str | None]
    # Why its delivered clip can't be cut, as a sentence for users.
    clip_error: Mapped[str | None]
    # Mean confidence of its words, 0 to 1; null where the recogniser gave none.
    confidence: Mapped[float | None]
    review: Mapped[str] = mapped_column(server_default="new")
    edited_at: Mapped[datetime | None]
    # Deleted by a user; the sweeper removes it for good once it can't be restored any more.
    deleted_at: Mapped[datetime | None]
