from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Keyed, Table


class ModelCall(Keyed, Table):
    """One request of a run to a chat model and its response, verbatim except for signed URLs, inline clips and keys (F44, F56). It is
    deleted with its run."""

    __tablename__ = "model_calls"

    run_id: Mapped[int] = mapped_column(ForeignKey("pipeline_history.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[int]
    stage: Mapped[str]
    model: Mapped[str]
    # 1 for the first try, 2 and 3 after an answer that could not be used.
    asked: Mapped[int]
    # Gzip: the messages as JSON, the answer's body unchanged.
    request: Mapped[bytes]
    answer: Mapped[bytes]
    # Why the answer was not used.
    problem: Mapped[str | None]
    seconds: Mapped[float]
