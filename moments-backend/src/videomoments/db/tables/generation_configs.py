from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class GenerationConfig(Keyed, Table):
    """The inputs of a generation: prompt, transcript, model, sampling and options. Equal inputs share one row, by their SHA-256."""

    __tablename__ = "generation_configs"
    __table_args__ = (Index("ix_generation_configs_transcript_id", "transcript_id"),)

    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    transcript_id: Mapped[int | None] = mapped_column(ForeignKey("transcripts.id", ondelete="SET NULL"))
    model: Mapped[str]
    temperature: Mapped[float | None]
    top_p: Mapped[float | None]
    top_k: Mapped[int | None]
    # Limits and language, which are part of the request.
    options: Mapped[dict[str, Any]]
    config_hash: Mapped[str] = mapped_column(unique=True)
