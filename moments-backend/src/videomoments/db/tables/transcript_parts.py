from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class TranscriptPart(Table):
    """A recogniser's answer for one part of a long recording. It is stored until the run ends, so that no attempt requests it again."""

    __tablename__ = "transcript_parts"

    run_id: Mapped[int] = mapped_column(ForeignKey("pipeline_history.id", ondelete="CASCADE"), primary_key=True)
    # SHA-256 of audio, model and language.
    digest: Mapped[str] = mapped_column(primary_key=True)
    # gzip of JSON.
    answer: Mapped[bytes]
