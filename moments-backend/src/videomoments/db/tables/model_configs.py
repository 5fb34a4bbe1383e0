from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class ModelConfigRow(Table):
    """A registered model service (F51). Seeded models are added only if absent, so that edits survive restarts. Mirrored to Redis as
    `model:config:*`."""

    __tablename__ = "model_configs"

    key: Mapped[str] = mapped_column(primary_key=True)
    config: Mapped[dict[str, Any]]
    # True once a user changed it: a newer seed then fills in only missing fields.
    edited: Mapped[bool]
    updated_at: Mapped[datetime]
