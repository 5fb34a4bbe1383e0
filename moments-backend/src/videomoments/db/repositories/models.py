"""Queries on the registry of model services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from videomoments.db.session import Session
from videomoments.db.tables import ModelConfigRow

# In `a || b`, the fields of `b` win.
_WANTED = "CASE WHEN model_configs.edited THEN excluded.config || model_configs.config ELSE excluded.config END"


async def seed(session: Session, configs: Sequence[dict[str, Any]], at: datetime) -> None:
    """Adds the entries that are missing, and updates those that nobody edited. In an edited entry, only missing fields are filled in."""
    rows = [{"key": config["key"], "config": config, "edited": False, "updated_at": at} for config in configs]
    statement = insert(ModelConfigRow).values(rows)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"config": text(_WANTED), "updated_at": statement.excluded.updated_at},
            where=text(f"model_configs.config IS DISTINCT FROM {_WANTED}"),
        )
    )


async def all_configs(session: Session) -> list[dict[str, Any]]:
    """Returns all entries, ordered by key."""
    return list(await session.scalars(select(ModelConfigRow.config).order_by(ModelConfigRow.key)))


async def config_of(session: Session, key: str, *, locked: bool = False) -> dict[str, Any] | None:
    statement = select(ModelConfigRow.config).where(ModelConfigRow.key == key)
    return await session.scalar(statement.with_for_update() if locked else statement)


async def add(session: Session, key: str, config: dict[str, Any], at: datetime) -> bool:
    """Adds an entry, marked as edited. Returns False where the key exists already."""
    values = {"key": key, "config": config, "edited": True, "updated_at": at}
    statement = insert(ModelConfigRow).values(values).on_conflict_do_nothing().returning(ModelConfigRow.key)
    return await session.scalar(statement) is not None


async def put(session: Session, key: str, config: dict[str, Any], at: datetime) -> None:
    """Adds or replaces an entry, marked as edited."""
    statement = insert(ModelConfigRow).values({"key": key, "config": config, "edited": True, "updated_at": at})
    changed = {name: statement.excluded[name] for name in ("config", "edited", "updated_at")}
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))


async def remove(session: Session, key: str) -> bool:
    """Removes an entry. Returns False where there is none."""
    return await session.scalar(delete(ModelConfigRow).where(ModelConfigRow.key == key).returning(ModelConfigRow.key)) is not None
