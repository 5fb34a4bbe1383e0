"""Stores at which addresses models have answered. A run waits for a model that has answered before; one that never has may be a mistyped
address."""

from __future__ import annotations

from urllib.parse import urlsplit

from videomoments.core.config import Settings, is_loopback
from videomoments.core.errors import ModelError
from videomoments.db.repositories import model_places as repository
from videomoments.db.session import Database
from videomoments.inference.model_registry import Endpoint, ModelConfig, resolve_endpoint

_BUILT_IN = "built in"


class ModelPlaces:
    """The addresses of models. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._known: set[tuple[str, str]] = set()

    async def has_answered(self, model: ModelConfig) -> bool:
        """Returns whether the model has ever answered at the address of its entry."""
        place = self.place_of(model)
        if place is None:
            return False
        if (model.key, place) in self._known:
            return True
        found = await repository.has(self._database, model.key, place)
        if found:
            self._known.add((model.key, place))
        return found

    async def answered(self, model: ModelConfig) -> None:
        """Notes that the model has just answered at its present address."""
        place = self.place_of(model)
        if place is None or (model.key, place) in self._known:
            return
        await repository.add(self._database, model.key, place)
        self._known.add((model.key, place))

    async def built_in_answered(self) -> None:
        """Notes that the built-in models have answered: their service was started here and is ready."""
        await repository.add_built_in(self._database, _BUILT_IN)

    async def forget_others(self, model: ModelConfig) -> None:
        """Forgets the entry's earlier addresses after an edit, also for the case that it leads to one of them again."""
        await repository.forget_others(self._database, model.key, self.place_of(model) or "")
        self._known = {known for known in self._known if known[0] != model.key}

    def place_of(self, model: ModelConfig) -> str | None:
        """Returns the entry's address as text; None when it has no usable one."""
        try:
            endpoint = resolve_endpoint(model, self._settings)
        except ModelError:
            return None
        # The port of the embedded service changes with each start.
        if model.builtin and is_loopback(urlsplit(endpoint.base_url).hostname or ""):
            return _BUILT_IN
        return _written(endpoint)


def _written(endpoint: Endpoint) -> str:
    login, address = endpoint.place
    if login is None:
        return address
    return f"{login.user or ''}@{login.host}:{login.port or ''} {address}"
