"""/api/admin/models: the registry of model services."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from videomoments.api.deps import Deps
from videomoments.api.errors import responses
from videomoments.api.schemas.admin import CheckStepOut, ModelBody, ModelOut, ModelTestOut
from videomoments.api.schemas.common import Page
from videomoments.core.errors import InvalidInput
from videomoments.services.model_check import ModelCheck
from videomoments.services.model_queries import ModelConfig, jobs_of

router = APIRouter(prefix="/api/admin/models", tags=["admin"])

Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.\-]{0,63}$", description="The model's registry key.")]

Brief = Annotated[bool, Query(description="Only whether it is up and the one it should be; nothing is asked.")]


@router.get("", operation_id="list_models", responses=responses(503))
async def list_models(deps: Deps) -> Page[ModelOut]:
    """All models, with the jobs that each is the default for."""
    models = await deps.services.models.list()
    return Page(items=[_shown(model, models) for model in models])


@router.post("", operation_id="create_model", status_code=201, responses=responses(409, 422, 503))
async def create_model(deps: Deps, body: ModelBody) -> ModelOut:
    """Adds a model."""
    model = await deps.services.models.add(body.config())
    return _shown(model, await deps.services.models.list())


@router.get("/{key}", operation_id="get_model", responses=responses(404, 422, 503))
async def get_model(deps: Deps, key: Key) -> ModelOut:
    """One model."""
    model = await deps.services.models.get(key)
    return _shown(model, await deps.services.models.list())


@router.put("/{key}", operation_id="put_model", responses=responses(404, 422, 503))
async def put_model(deps: Deps, key: Key, body: ModelBody) -> ModelOut:
    """Replaces a model's configuration. Runs that were accepted before keep the one that they were accepted with."""
    if body.key != key:
        raise InvalidInput("The key in the body is not the one in the address.")
    await deps.services.models.get(key)
    model = await deps.services.models.put(body.config())
    return _shown(model, await deps.services.models.list())


@router.delete("/{key}", operation_id="delete_model", status_code=204, responses=responses(404, 422, 503))
async def delete_model(deps: Deps, key: Key) -> None:
    """Removes a model; one that we seed comes back, as seeded, at the next start."""
    await deps.services.models.remove(key)


@router.post("/{key}/test", operation_id="test_model", responses=responses(404, 422, 503))
async def test_model(
    deps: Deps,
    key: Key,
    brief: Brief = False,  # noqa: PT028  (no test of ours, in spite of its name)
) -> ModelTestOut:
    """Tests the way in, the model's identity and its answers, and whether one that watches video sees when things happen. Asks the model
    one to five small questions. What fails is the last step, with what to do; the answer is 200 all the same."""
    steps = await ModelCheck(deps.settings).run(await deps.services.models.get(key), questions=not brief)
    return ModelTestOut(key=key, ok=steps[-1].ok, steps=[CheckStepOut(**asdict(step)) for step in steps])


def _shown(model: ModelConfig, models: list[ModelConfig]) -> ModelOut:
    return ModelOut.of(model, jobs_of(model, models))
