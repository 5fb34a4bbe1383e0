"""Queries on what runs asked their chat models."""

from __future__ import annotations

from sqlalchemy import select

from videomoments.db.session import Session
from videomoments.db.tables import ModelCall


async def of_run(session: Session, run_id: int) -> list[ModelCall]:
    """In the order in which the answers came."""
    return list(await session.scalars(select(ModelCall).where(ModelCall.run_id == run_id).order_by(ModelCall.id)))
