from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class ModelPlace(Table):
    """A model that has answered at that place: when it is away it is waited for. An entry that leads elsewhere is a stranger again."""

    __tablename__ = "model_places"

    key: Mapped[str] = mapped_column(ForeignKey("model_configs.key", ondelete="CASCADE"), primary_key=True)
    # The address, with its route through SSH, or "built in".
    place: Mapped[str] = mapped_column(primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
