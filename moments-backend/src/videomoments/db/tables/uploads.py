from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class UploadRow(Keyed, Table):
    """An upload in pieces (tus). `length` and `received` are bytes; `parts` are the keys of its objects, in order."""

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("received BETWEEN 0 AND length", name="received"), Index("ix_uploads_expires_at", "expires_at"))

    identifier: Mapped[str] = mapped_column(unique=True)
    file_name: Mapped[str]
    title: Mapped[str]
    length: Mapped[int]
    received: Mapped[int]
    parts: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    expires_at: Mapped[datetime]
    # The video that was made of it.
    video_identifier: Mapped[str | None]
