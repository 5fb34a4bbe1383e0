"""Queries on what chat servers accept, as learned from their refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import text

from videomoments.db.session import Executor

_OF_ONE = text("SELECT learned FROM model_dialects WHERE key = :key AND place = :place AND model_name = :name")
_OF_ALL = text("SELECT key, place, model_name, learned FROM model_dialects")
# Adds nothing for an entry that was removed meanwhile: a run uses the entries of its start.
_ADD = text("""
    INSERT INTO model_dialects (key, place, model_name, learned)
    SELECT key, :place, :name, CAST(:learned AS jsonb) FROM model_configs WHERE key = :key
    ON CONFLICT (key, place, model_name)
    DO UPDATE SET learned = model_dialects.learned || excluded.learned, learned_at = now()
    RETURNING key
""")
_FORGET = text("DELETE FROM model_dialects WHERE key = :key")


class ServedModel(NamedTuple):
    """A registry entry's key, its address, and the model's name there (empty where the entry gives none)."""

    key: str
    place: str
    name: str


async def find(db: Executor, model: ServedModel) -> dict[str, Any] | None:
    """Returns what was learned of the model's server; None where nothing was."""
    row = (await db.execute(_OF_ONE, model._asdict())).first()
    return None if row is None else dict(row.learned)


async def all_of(db: Executor) -> dict[ServedModel, dict[str, Any]]:
    return {ServedModel(row.key, row.place, row.model_name): row.learned for row in await db.execute(_OF_ALL)}


async def learn(db: Executor, model: ServedModel, changes: Mapping[str, Any]) -> bool:
    """Adds to what is known. Returns False where the registry entry is gone."""
    return (await db.execute(_ADD, model._asdict() | {"learned": json.dumps(dict(changes))})).first() is not None


async def forget(db: Executor, key: str) -> None:
    """Removes what is known of the entry's servers. Call it with every edit of the entry, in the same transaction."""
    await db.execute(_FORGET, {"key": key})
