"""Queries on the stored calls of runs to their chat models."""

from __future__ import annotations

from sqlalchemy import select

from videomoments.db.session import Session
from videomoments.db.tables import ModelCall


async def of_run(session: Session, run_id: int) -> list[ModelCall]:
    """Returns the calls of a run in the order in which the answers came."""
    return list(await session.scalars(select(ModelCall).where(ModelCall.run_id == run_id).order_by(ModelCall.id)))
