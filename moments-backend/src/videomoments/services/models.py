"""The registry of model services: in PostgreSQL, seeded from code where absent, mirrored to Redis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from videomoments.coordination.mirror import ModelMirror
from videomoments.coordination.redis import best_effort
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict, InvalidInput, ModelError, NotFound
from videomoments.core.times import now
from videomoments.db.session import Database
from videomoments.db.tables import ModelConfigRow
from videomoments.inference.model_registry import DEFAULT_MODELS, ModelConfig, ModelKind, default_models, resolve_endpoint, to_redis_hash
from videomoments.services.model_dialects import FORGET_DIALECTS
from videomoments.services.model_places import ModelPlaces
from videomoments.services.options import RunOptions, RunSnapshot

Job = Literal["transcription", "generation", "refinement"]
JOBS: tuple[Job, ...] = ("transcription", "generation", "refinement")


def jobs_of(model: ModelConfig, models: Sequence[ModelConfig]) -> list[Job]:
    """The jobs that take `model`, of all these models, when a run names none."""
    return [job for job, key in zip(JOBS, default_models(models), strict=True) if key == model.key]


def unfit_for(model: ModelConfig, job: Job) -> str | None:
    """Why the model can't do the job, by what its entry declares; None where it can."""
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
        """Adds what is missing, brings seeds that nobody edited up to date, and mirrors all to Redis (F51). Of an edited one only what
        it does not say yet is filled in: fields that this version knows and the one that stored it did not."""
        rows = [
            {"key": model.key, "config": model.model_dump(mode="json"), "edited": False, "updated_at": now()} for model in DEFAULT_MODELS
        ]
        statement = insert(ModelConfigRow).values(rows)
        # Of two objects the right one's fields count.
        wanted = "CASE WHEN model_configs.edited THEN excluded.config || model_configs.config ELSE excluded.config END"
        changed = {"config": text(wanted), "updated_at": statement.excluded.updated_at}
        statement = statement.on_conflict_do_update(
            index_elements=["key"], set_=changed, where=text(f"model_configs.config IS DISTINCT FROM {wanted}")
        )
        async with self._database.transaction() as session:
            await session.execute(statement)
        await self.mirror()

    async def mirror(self) -> None:
        """Writes `model:config:*` anew."""
        models = await self.list()
        async with best_effort("the model registry"):
            await self._mirror.replace({model.key: to_redis_hash(model) for model in models})

    async def list(self) -> list[ModelConfig]:
        async with self._database.transaction() as session:
            rows = await session.scalars(select(ModelConfigRow).order_by(ModelConfigRow.key))
            return [ModelConfig.model_validate(row.config) for row in rows]

    async def get(self, key: str) -> ModelConfig:
        """Raises NotFound."""
        async with self._database.transaction() as session:
            row = await session.get(ModelConfigRow, key)
        if row is None:
            raise NotFound(f"There is no model {key!r}.", code="model_unknown")
        return ModelConfig.model_validate(row.config)

    async def add(self, model: ModelConfig) -> ModelConfig:
        """Raises Conflict (`model_exists`)."""
        values = {"key": model.key, "config": model.model_dump(mode="json"), "edited": True, "updated_at": now()}
        statement = insert(ModelConfigRow).values(values).on_conflict_do_nothing().returning(ModelConfigRow.key)
        async with self._database.transaction() as session:
            added = await session.scalar(statement)
        if added is None:
            raise Conflict(
                f"There is a model {model.key!r} already.", code="model_exists", advice="Choose another key, or change that model."
            )
        await self.mirror()
        return model

    async def put(self, model: ModelConfig, *, guard: Callable[[ModelConfig], None] | None = None) -> ModelConfig:
        """Adds or replaces a model; later seeds leave it alone. One that leads elsewhere now has never answered, and what its server was
        seen to refuse is learned anew. `guard` sees the one that is replaced under its lock, and may refuse; with it, NotFound is raised
        where there is none."""
        values = {"key": model.key, "config": model.model_dump(mode="json"), "edited": True, "updated_at": now()}
        statement = insert(ModelConfigRow).values(values)
        changed = {name: statement.excluded[name] for name in ("config", "edited", "updated_at")}
        async with self._database.transaction() as session:
            if guard is not None:
                guard(await _locked(session, model.key))
            await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
            await session.execute(FORGET_DIALECTS, {"key": model.key})
        await self._places.forget_others(model)
        await self.mirror()
        return model

    async def remove(self, key: str, *, guard: Callable[[ModelConfig], None] | None = None) -> None:
        """Raises NotFound; a seeded model comes back as seeded at the next start. `guard` as for `put`."""
        async with self._database.transaction() as session:
            if guard is not None:
                guard(await _locked(session, key))
            removed = await session.scalar(delete(ModelConfigRow).where(ModelConfigRow.key == key).returning(ModelConfigRow.key))
        if removed is None:
            raise NotFound(f"There is no model {key!r}.", code="model_unknown")
        await self.mirror()

    async def snapshot(self, options: RunOptions, *, asked: Collection[Job] = JOBS) -> RunSnapshot:
        """The options with the models they name, as they are configured now (F50, F52). Only those for the jobs that are `asked` of the run
        need a way in.

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


async def _locked(session: AsyncSession, key: str) -> ModelConfig:
    row = await session.get(ModelConfigRow, key, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no model {key!r}.", code="model_unknown")
    return ModelConfig.model_validate(row.config)


def _chosen(known: dict[str, ModelConfig], key: str, job: Job) -> ModelConfig:
    model = known.get(key)
    advice = f"Choose one of: {', '.join(sorted(name for name, other in known.items() if unfit_for(other, job) is None))}."
    if model is None:
        raise InvalidInput(f"There is no model {key!r}.", code="model_unknown", advice=advice)
    if (reason := unfit_for(model, job)) is not None:
        raise InvalidInput(f"The model {key!r} can't do that: {reason}.", code="model_kind", advice=advice)
    return model
