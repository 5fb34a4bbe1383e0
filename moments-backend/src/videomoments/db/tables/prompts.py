from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class Prompt(Keyed, Table):
    """The user and system prompts of a request to a model. Equal prompts share one row: `prompt_hash` is the SHA-256 of both texts."""

    __tablename__ = "prompts"

    user_prompt: Mapped[str]
    system_prompt: Mapped[str]
    prompt_hash: Mapped[str] = mapped_column(unique=True)
