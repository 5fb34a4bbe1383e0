"""Holds the registry of model services: in PostgreSQL, seeded from code where absent, mirrored to Redis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

from videomoments.coordination.mirror import ModelMirror
from videomoments.coordination.redis import best_effort
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, InvalidInput, ModelError, NotFound
from videomoments.core.times import now
from videomoments.db.repositories import model_dialects
from videomoments.db.repositories import models as repository
from videomoments.db.session import Database, Session
from videomoments.inference.model_registry import DEFAULT_MODELS, ModelConfig, ModelKind, default_models, resolve_endpoint, to_redis_hash
from videomoments.services.model_places import ModelPlaces
from videomoments.services.options import RunOptions, RunSnapshot

Job = Literal["transcription", "generation", "refinement"]
JOBS: tuple[Job, ...] = ("transcription", "generation", "refinement")


def jobs_of(model: ModelConfig, models: Sequence[ModelConfig]) -> list[Job]:
    """Returns the jobs for which `model`, of all these models, is used when a run names none."""
    return [job for job, key in zip(JOBS, default_models(models), strict=True) if key == model.key]


def unfit_for(model: ModelConfig, job: Job) -> str | None:
    """Returns why the model can't do the job, as far as its entry declares; None where it can."""
    kind = ModelKind.ASR if job == "transcription" else ModelKind.CHAT
    if model.kind is not kind:
        return f"it is of kind {model.kind}, and {kind} is needed"
    if job == "generation" and not model.supports_generation:
        return "it finds no moments"
    if job == "refinement" and not model.supports_refinement:
        return "it finds moments, and does not refine them" if model.supports_generation else "it does not refine moments"
    return None


class Models:
    """Use-cases on model configurations."""

    def __init__(self, database: Database, mirror: ModelMirror, settings: Settings, places: ModelPlaces) -> None:
        self._database = database
        self._mirror = mirror
        self._places = places
        self._settings = settings

    async def seed(self) -> None:
        """Adds the models that are missing, updates seeded models that nobody edited, and mirrors all to Redis (F51). In an edited one only
        fields are filled in that the version that stored it did not know."""
        async with self._database.transaction() as session:
            await repository.seed(session, [model.model_dump(mode="json") for model in DEFAULT_MODELS], now())
        await self.mirror()

    async def mirror(self) -> None:
        """Writes all `model:config:*` keys anew."""
        models = await self.list()
        async with best_effort("the model registry"):
            await self._mirror.replace({model.key: to_redis_hash(model) for model in models})

    async def list(self) -> list[ModelConfig]:
        async with self._database.transaction() as session:
            return [ModelConfig.model_validate(config) for config in await repository.all_configs(session)]

    async def get(self, key: str) -> ModelConfig:
        """Returns one model. Raises NotFound."""
        async with self._database.transaction() as session:
            return _known(key, await repository.config_of(session, key))

    async def add(self, model: ModelConfig) -> ModelConfig:
        """Adds a model. Raises Conflict (`model_exists`)."""
        async with self._database.transaction() as session:
            added = await repository.add(session, model.key, model.model_dump(mode="json"), now())
        if not added:
            raise Conflict(
                f"There is a model {model.key!r} already.", code="model_exists", advice="Choose another key, or change that model."
            )
        await self.mirror()
        return model

    async def put(self, model: ModelConfig, *, guard: Callable[[ModelConfig], None] | None = None) -> ModelConfig:
        """Adds or replaces a model; later seeds leave it alone. Forgets which parameters its server refused, and, when its address changes,
        that it has ever answered. `guard` is called with the locked model that is replaced, and may refuse; with `guard`, raises NotFound
        where there is none."""
        async with self._database.transaction() as session:
            if guard is not None:
                guard(await _locked(session, model.key))
            await repository.put(session, model.key, model.model_dump(mode="json"), now())
            await model_dialects.forget(session, model.key)
        await self._places.forget_others(model)
        await self.mirror()
        return model

    async def remove(self, key: str, *, guard: Callable[[ModelConfig], None] | None = None) -> None:
        """Removes a model; a seeded one is added again at the next start. `guard` as for `put`. Raises NotFound."""
        async with self._database.transaction() as session:
            if guard is not None:
                guard(await _locked(session, key))
            removed = await repository.remove(session, key)
        if not removed:
            raise NotFound(f"There is no model {key!r}.", code="model_unknown")
        await self.mirror()

    async def snapshot(self, options: RunOptions, *, asked: Collection[Job] = JOBS) -> RunSnapshot:
        """Returns the options with the models that they name, as configured now (F50, F52). Only models for the jobs in `asked` need an
        address and a key.

        Raises:
            InvalidInput: a model is unknown (`model_unknown`), of the wrong kind or said not to do that (`model_kind`), or not set up yet
                (`model_not_configured`).
        """
        known = {model.key: model for model in await self.list()}
        transcription, generation, refinement = default_models(list(known.values()))
        snapshot = RunSnapshot(
            options=options,
            transcription=_chosen(known, options.transcription_model or transcription, "transcription"),
            generation=_chosen(known, options.generation_model or generation, "generation"),
            refinement=_chosen(known, options.refinement_model or refinement, "refinement"),
        )
        for job in asked:
            model: ModelConfig = getattr(snapshot, job)
            try:
                resolve_endpoint(model, self._settings)
            except ModelError as error:
                raise InvalidInput(error.message, code=error.code, advice=error.advice) from error
        return snapshot


async def _locked(session: Session, key: str) -> ModelConfig:
    return _known(key, await repository.config_of(session, key, locked=True))


def _known(key: str, config: dict[str, Any] | None) -> ModelConfig:
    if config is None:
        raise NotFound(f"There is no model {key!r}.", code="model_unknown")
    return ModelConfig.model_validate(config)


def _chosen(known: dict[str, ModelConfig], key: str, job: Job) -> ModelConfig:
    model = known.get(key)
    advice = f"Choose one of: {', '.join(sorted(name for name, other in known.items() if unfit_for(other, job) is None))}."
    if model is None:
        raise InvalidInput(f"There is no model {key!r}.", code="model_unknown", advice=advice)
    if (reason := unfit_for(model, job)) is not None:
        raise InvalidInput(f"The model {key!r} can't do that: {reason}.", code="model_kind", advice=advice)
    return model
