"""Which models have answered, and where: one that has is waited for when it is away, one that never has may be a mistyped address."""

from __future__ import annotations

from urllib.parse import urlsplit

from videomoments.core.config import Settings, is_loopback
from videomoments.core.errors import ModelError
from videomoments.db.repositories import model_places as repository
from videomoments.db.session import Database
from videomoments.inference.model_registry import Endpoint, ModelConfig, resolve_endpoint

_BUILT_IN = "built in"


class ModelPlaces:
    """Use-cases on the places of models. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._known: set[tuple[str, str]] = set()

    async def has_answered(self, model: ModelConfig) -> bool:
        """Whether the model has ever answered where its entry leads now."""
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
        """It has answered just now."""
        place = self.place_of(model)
        if place is None or (model.key, place) in self._known:
            return
        await repository.add(self._database, model.key, place)
        self._known.add((model.key, place))

    async def built_in_answered(self) -> None:
        """The built-in ones, whose service was started here and is ready."""
        await repository.add_built_in(self._database, _BUILT_IN)

    async def forget_others(self, model: ModelConfig) -> None:
        """The entry was edited: whatever place it led to before counts no more, should it ever lead there again."""
        await repository.forget_others(self._database, model.key, self.place_of(model) or "")
        self._known = {known for known in self._known if known[0] != model.key}

    def place_of(self, model: ModelConfig) -> str | None:
        """Where the entry leads, in words; None where it leads nowhere."""
        try:
            endpoint = resolve_endpoint(model, self._settings)
        except ModelError:
            return None
        # The port of the embedded service changes from start to start.
        if model.builtin and is_loopback(urlsplit(endpoint.base_url).hostname or ""):
            return _BUILT_IN
        return _written(endpoint)


def _written(endpoint: Endpoint) -> str:
    login, address = endpoint.place
    if login is None:
        return address
    return f"{login.user or ''}@{login.host}:{login.port or ''} {address}"
