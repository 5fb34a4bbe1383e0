"""How the chat servers that models lead to want to be asked: learned from what they refuse, once for all runs and workers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from videomoments.db.session import Database
from videomoments.inference.dialect import OVERVIEW, Dialect
from videomoments.inference.model_registry import ModelConfig
from videomoments.services.model_places import ModelPlaces

_OF_ONE = text("SELECT learned FROM model_dialects WHERE key = :key AND place = :place AND model_name = :name")
_OF_ALL = text("SELECT key, place, model_name, learned FROM model_dialects")
# Not of an entry that has been removed meanwhile: a run goes by the entries of its start.
_ADD = text("""
    INSERT INTO model_dialects (key, place, model_name, learned)
    SELECT key, :place, :name, CAST(:learned AS jsonb) FROM model_configs WHERE key = :key
    ON CONFLICT (key, place, model_name)
    DO UPDATE SET learned = model_dialects.learned || excluded.learned, learned_at = now()
    RETURNING key
""")
FORGET_DIALECTS = text("DELETE FROM model_dialects WHERE key = :key")
"""Belongs to every edit of an entry, in its own transaction."""


class ModelDialects:
    """Use-cases on dialects; the memory of chat clients. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, places: ModelPlaces) -> None:
        self._database = database
        self._places = places

    async def recall(self, config: ModelConfig) -> Dialect:
        """What is known of the server that the entry leads to."""
        place = self._places.place_of(config)
        if place is None:
            return OVERVIEW
        values = {"key": config.key, "place": place, "name": config.model_name or ""}
        row = (await self._database.statement(_OF_ONE, values)).first()
        return OVERVIEW if row is None else Dialect.read(row.learned)

    async def recall_all(self, configs: Sequence[ModelConfig]) -> dict[str, Dialect]:
        """The same of many, by key."""
        rows = (await self._database.statement(_OF_ALL)).all()
        known = {(row.key, row.place, row.model_name): Dialect.read(row.learned) for row in rows}
        return {one.key: known.get((one.key, self._places.place_of(one) or "", one.model_name or ""), OVERVIEW) for one in configs}

    async def learn(self, config: ModelConfig, changes: Mapping[str, Any]) -> bool:
        """Adds to what is known; False where the entry is gone, or leads nowhere."""
        place = self._places.place_of(config)
        if place is None:
            return False
        values = {"key": config.key, "place": place, "name": config.model_name or "", "learned": json.dumps(dict(changes))}
        return (await self._database.statement(_ADD, values)).first() is not None

    async def replace(self, config: ModelConfig, dialect: Dialect) -> None:
        """All that is known of the entry's server is this: it was just tested."""
        await self._database.statement(FORGET_DIALECTS, {"key": config.key})
        if dialect.learned:
            await self.learn(config, dialect.learned)
