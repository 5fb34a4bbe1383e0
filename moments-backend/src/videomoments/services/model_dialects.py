"""Stores which parameters and forms each chat server accepts, learned from its refusals once for all runs and workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from videomoments.db.repositories import model_dialects as repository
from videomoments.db.repositories.model_dialects import ServedModel
from videomoments.db.session import Database
from videomoments.inference.dialect import OVERVIEW, Dialect
from videomoments.inference.model_registry import ModelConfig
from videomoments.services.model_places import ModelPlaces


class ModelDialects:
    """The stored dialects, which chat clients use as their memory. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, places: ModelPlaces) -> None:
        self._database = database
        self._places = places

    async def recall(self, config: ModelConfig) -> Dialect:
        """Returns what is known of the server that the entry leads to."""
        place = self._places.place_of(config)
        if place is None:
            return OVERVIEW
        learned = await repository.find(self._database, ServedModel(config.key, place, config.model_name or ""))
        return OVERVIEW if learned is None else Dialect.read(learned)

    async def recall_all(self, configs: Sequence[ModelConfig]) -> dict[str, Dialect]:
        """Returns what is known of the servers of many entries, by their keys."""
        known = {model: Dialect.read(learned) for model, learned in (await repository.all_of(self._database)).items()}
        served = {one.key: ServedModel(one.key, self._places.place_of(one) or "", one.model_name or "") for one in configs}
        return {key: known.get(model, OVERVIEW) for key, model in served.items()}

    async def learn(self, config: ModelConfig, changes: Mapping[str, Any]) -> bool:
        """Adds `changes` to what is known. Returns False where the entry is gone, or has no usable address."""
        place = self._places.place_of(config)
        if place is None:
            return False
        return await repository.learn(self._database, ServedModel(config.key, place, config.model_name or ""), changes)

    async def replace(self, config: ModelConfig, dialect: Dialect) -> None:
        """Replaces all that is known of the entry's server, after a test of it."""
        await repository.forget(self._database, config.key)
        if dialect.learned:
            await self.learn(config, dialect.learned)
