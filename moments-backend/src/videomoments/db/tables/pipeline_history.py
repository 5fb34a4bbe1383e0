from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table

ACTIVE = "status IN ('queued', 'processing')"


class Run(Keyed, Table):
    """A run, from its acceptance to its end. This row decides which worker holds the run; Redis only mirrors it.

    `attempt` is the fencing token: it rises with each claim, and every write of a worker first compares it. `lease_until` is null while no
    worker holds the run. `crashes` counts claims after a lapsed lease.
    """

    __tablename__ = "pipeline_history"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)", name="ended"),
        # F06: one active run per video; a run that only cuts clips conflicts with nothing.
        Index("uq_pipeline_history_active", "video_id", unique=True, postgresql_where=text(f"{ACTIVE} AND kind <> 'clips'")),
        Index("uq_pipeline_history_idempotency_key", "idempotency_key", unique=True),
        Index("ix_pipeline_history_active", "created_at", postgresql_where=text(ACTIVE)),
        Index("ix_pipeline_history_video_id_created_at", "video_id", "created_at"),
        Index("ix_pipeline_history_created_at_id", "created_at", "id"),
        Index("ix_pipeline_history_gen_config_id", "gen_config_id"),
        Index("ix_pipeline_history_error_code", "error_code", "created_at", "id", postgresql_where=text("error_code IS NOT NULL")),
    )

    identifier: Mapped[str] = mapped_column(unique=True)
    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    gen_config_id: Mapped[int | None] = mapped_column(ForeignKey("generation_configs.id"))
    status: Mapped[str]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    duration_seconds: Mapped[float | None]
    error_stage: Mapped[str | None]

    kind: Mapped[str]
    # Snapshot of the options and of the models' configuration at acceptance (F50).
    config: Mapped[dict[str, Any]]
    # When it was accepted, or last queued again by a retry.
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    crashes: Mapped[int] = mapped_column(server_default=text("0"))
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    # What the run waits for now (a model's key, or another part), and since when. A run that was handed back meanwhile is not claimed
    # before `retry_at`; `waits` counts how often that happened.
    waiting_for: Mapped[str | None]
    waiting_since: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    waits: Mapped[int] = mapped_column(server_default=text("0"))
    enqueued_at: Mapped[datetime | None]
    stream_entry: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_advice: Mapped[str | None]
    # One sentence about a completed run that found nothing, or that used a substitute.
    note: Mapped[str | None]
    # Since when lists leave it out; its video's history still shows it.
    dismissed_at: Mapped[datetime | None]
