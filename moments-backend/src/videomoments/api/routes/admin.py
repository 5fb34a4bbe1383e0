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

Brief = Annotated[bool, Query(description="Check only that the service can be reached and is the right one; ask the model nothing.")]


@router.get("", operation_id="list_models", responses=responses(503))
@declare(READ)
async def list_models(deps: Deps) -> Page[ModelOut]:
    """Returns all models, each with the jobs that it is the default for."""
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
    """Returns one model."""
    shown, response.headers["ETag"] = await _current(deps, key)
    return shown


@router.put("/{key}", operation_id="put_model", responses=responses(404, 412, 422, 503, also={200: {"headers": ETAG}}))
@declare(ADMIN)
async def put_model(deps: Deps, key: Key, body: ModelBody, response: Response, if_match: IfMatchHeader = None) -> ModelOut:
    """Replaces a model's configuration and forgets what was learned about its server. Runs that were accepted earlier use the
    configuration of that time. With If-Match, only the version that it names is replaced."""
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
    """Removes a model. A model that VideoMoments brings along is added again, with its defaults, at the next start. With If-Match, only the
    version that it names is removed."""
    guard = Precondition(if_match).guard(model_tag)
    await or_current(deps.services.models.remove(key, guard=guard), partial(_current, deps, key))


@router.post("/{key}/test", operation_id="test_model", responses=responses(404, 422, 503))
@declare(ADMIN)
async def test_model(
    deps: Deps,
    key: Key,
    brief: Brief = False,  # noqa: PT028  (no test of ours, in spite of its name)
) -> ModelTestOut:
    """Tests the connection, the model's identity and its answers, and for a model that watches video whether it sees when things happen.
    Asks the model one to six small questions, and stores which form of request its server accepts. A failure is the last step, with
    advice; the status is 200 nevertheless."""
    model = await deps.services.models.get(key)
    steps = await ModelCheck(deps.settings, writer=deps.services.model_dialects).run(model, questions=not brief)
    if steps[-1].ok:
        await deps.services.model_places.answered(model)
    return ModelTestOut(key=key, ok=steps[-1].ok, steps=[CheckStepOut(**asdict(step)) for step in steps])


async def _current(deps: ApiDeps, key: str) -> tuple[ModelOut, str]:
    shown = await _shown(deps, await deps.services.models.get(key))
    return shown, shown.etag


async def _shown(deps: ApiDeps, model: ModelConfig) -> ModelOut:
    jobs = jobs_of(model, await deps.services.models.list())
    return ModelOut.of(model, jobs, await deps.services.model_dialects.recall(model))
