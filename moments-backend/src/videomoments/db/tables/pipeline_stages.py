from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class RunStage(Table):
    """One stage of one run. `checkpoint` holds object keys and row ids, never local paths; it is valid while `input_hash` is the same."""

    __tablename__ = "pipeline_stages"
    __table_args__ = (CheckConstraint("status IN ('pending', 'processing', 'completed', 'skipped', 'failed', 'cancelled')", name="status"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("pipeline_history.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    status: Mapped[str]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    # 0 to 1, while processing.
    progress: Mapped[float | None]
    # How often the stage's function was started.
    executions: Mapped[int]
    input_hash: Mapped[str | None]
    checkpoint: Mapped[dict[str, Any] | None]
