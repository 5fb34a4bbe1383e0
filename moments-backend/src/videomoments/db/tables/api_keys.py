from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class ApiKeyRow(Keyed, Table):
    """A key that lets a caller use the API from another machine (F72). The key itself is shown once and never stored: `key_hash` is its
    SHA-256, which needs no salt, because a key has 256 random bits. The row of a revoked key stays, as a record of whose it was."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("scope IN ('read', 'write', 'admin')", name="scope"),)

    identifier: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    # Its first characters, by which a user recognises it.
    hint: Mapped[str]
    scope: Mapped[str]
    requests_per_minute: Mapped[int | None]
    runs_per_day: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
