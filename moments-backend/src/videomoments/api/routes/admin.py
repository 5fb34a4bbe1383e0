"""/api/admin/models: the registry of model services."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from videomoments.api.declarations import ADMIN, READ, declare
from videomoments.api.deps import ApiDeps, Deps
from videomoments.api.errors import responses
from videomoments.api.schemas.admin import CheckStepOut, ModelBody, ModelOut, ModelTestOut
from videomoments.api.schemas.common import Page
from videomoments.api.versions import ETAG, IfMatchHeader, Precondition, model_tag, or_current
from videomoments.core.errors import InvalidInput
from videomoments.inference.model_registry import ModelConfig
from videomoments.services.model_check import ModelCheck
from videomoments.services.models import jobs_of

router = APIRouter(prefix="/api/admin/models", tags=["admin"])

Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.\-]{0,63}$", description="The model's registry key.")]

Brief = Annotated[bool, Query(description="Only whether it is up and the one it should be; nothing is asked.")]


@router.get("", operation_id="list_models", responses=responses(503))
@declare(READ)
async def list_models(deps: Deps) -> Page[ModelOut]:
    """All models, with the jobs that each is the default for."""
    models = await deps.services.models.list()
    learned = await deps.services.model_dialects.recall_all(models)
    return Page(items=[ModelOut.of(model, jobs_of(model, models), learned[model.key]) for model in models])


@router.post("", operation_id="create_model", status_code=201, responses=responses(409, 422, 503))
@declare(ADMIN)
async def create_model(deps: Deps, body: ModelBody) -> ModelOut:
    """Adds a model."""
    return await _shown(deps, await deps.services.models.add(body.config()))


@router.get("/{key}", operation_id="get_model", responses=responses(404, 422, 503, also={200: {"headers": ETAG}}))
@declare(ADMIN)
async def get_model(deps: Deps, key: Key, response: Response) -> ModelOut:
    """One model."""
    shown, response.headers["ETag"] = await _current(deps, key)
    return shown


@router.put("/{key}", operation_id="put_model", responses=responses(404, 412, 422, 503, also={200: {"headers": ETAG}}))
@declare(ADMIN)
async def put_model(deps: Deps, key: Key, body: ModelBody, response: Response, if_match: IfMatchHeader = None) -> ModelOut:
    """Replaces a model's configuration; what was learned of its server is forgotten. Runs that were accepted before keep the one that they
    were accepted with. With If-Match only the version that it names is replaced."""
    if body.key != key:
        raise InvalidInput("The key in the body is not the one in the address.")
    await deps.services.models.get(key)
    guard = Precondition(if_match).guard(model_tag)
    await or_current(deps.services.models.put(body.config(), guard=guard), partial(_current, deps, key))
    shown, response.headers["ETag"] = await _current(deps, key)
    return shown


@router.delete("/{key}", operation_id="delete_model", status_code=204, responses=responses(404, 412, 422, 503))
@declare(ADMIN)
async def delete_model(deps: Deps, key: Key, if_match: IfMatchHeader = None) -> None:
    """Removes a model; one that we seed comes back, as seeded, at the next start. With If-Match only the version that it names."""
    guard = Precondition(if_match).guard(model_tag)
    await or_current(deps.services.models.remove(key, guard=guard), partial(_current, deps, key))


@router.post("/{key}/test", operation_id="test_model", responses=responses(404, 422, 503))
@declare(ADMIN)
async def test_model(
    deps: Deps,
    key: Key,
    brief: Brief = False,  # noqa: PT028  (no test of ours, in spite of its name)
) -> ModelTestOut:
    """Tests the way in, the model's identity and its answers, and whether one that watches video sees when things happen. Asks the model
    one to six small questions, and keeps how its server wants to be asked. What fails is the last step, with what to do; the answer is 200
    all the same."""
    model = await deps.services.models.get(key)
    steps = await ModelCheck(deps.settings, kept=deps.services.model_dialects).run(model, questions=not brief)
    if steps[-1].ok:
        await deps.services.model_places.answered(model)
    return ModelTestOut(key=key, ok=steps[-1].ok, steps=[CheckStepOut(**asdict(step)) for step in steps])


async def _current(deps: ApiDeps, key: str) -> tuple[ModelOut, str]:
    shown = await _shown(deps, await deps.services.models.get(key))
    return shown, shown.etag


async def _shown(deps: ApiDeps, model: ModelConfig) -> ModelOut:
    jobs = jobs_of(model, await deps.services.models.list())
    return ModelOut.of(model, jobs, await deps.services.model_dialects.recall(model))
