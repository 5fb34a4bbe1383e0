from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class ModelDialect(Table):
    """Which form of request a model's chat server accepts, learned from its refusals. It is deleted when the entry is edited. The row names
    the server, because a run with an older entry may learn about another one."""

    __tablename__ = "model_dialects"

    key: Mapped[str] = mapped_column(ForeignKey("model_configs.key", ondelete="CASCADE"), primary_key=True)
    # The address, with its route through SSH, or "built in".
    place: Mapped[str] = mapped_column(primary_key=True)
    # The service's name for the model; empty for the one that it lists.
    model_name: Mapped[str] = mapped_column(primary_key=True)
    learned: Mapped[dict[str, Any]]
    learned_at: Mapped[datetime] = mapped_column(server_default=func.now())
