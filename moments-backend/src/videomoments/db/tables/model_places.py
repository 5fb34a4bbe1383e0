from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class ModelPlace(Table):
    """An address at which a model has answered. Runs wait for a model that has answered there before, when it can't be reached. An entry
    with another address counts as new."""

    __tablename__ = "model_places"

    key: Mapped[str] = mapped_column(ForeignKey("model_configs.key", ondelete="CASCADE"), primary_key=True)
    # The address, with its route through SSH, or "built in".
    place: Mapped[str] = mapped_column(primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
