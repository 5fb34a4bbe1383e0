"""Builds the application: routes, errors, middleware, start and end."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI

from videomoments.api import errors
from videomoments.api.access import Access, document_access
from videomoments.api.compressing import Compressed
from videomoments.api.declarations import RouteTable
from videomoments.api.deps import ApiDeps
from videomoments.api.gate import Gate
from videomoments.api.hosts import Hosts
from videomoments.api.recent_statuses import ForgetChanged
from videomoments.api.routes import ROUTERS
from videomoments.api.slow_bodies import LeastRate
from videomoments.api.webui import WebuiOrApi
from videomoments.coordination.quotas import Quotas
from videomoments.coordination.redis import refuse_evicting
from videomoments.core.errors import ServiceUnavailable

log = logging.getLogger(__name__)


class _Application(FastAPI):
    """FastAPI whose OpenAPI document has our errors in place of its own, and the routes' declarations."""

    table: RouteTable

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            # The schemas that a problem refers to stand beside it, as everywhere in the document.
            problem = errors.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {}) | {"Problem": problem}
            document_access(document, self.table)
            errors.document_bodies(document)
        assert self.openapi_schema is not None
        return self.openapi_schema


def create_app(deps: ApiDeps) -> FastAPI:
    """Returns the API over these parts. Its lifespan seeds the model registry, and closes the parts at the end. Raises UndeclaredRoute."""
    app = _Application(
        title="VideoMoments",
        version=_version(),
        summary="The parts of long recordings worth keeping",
        # `routes/docs.py` replaces these: our route declares who may read the document, and the bundled pages load scripts from other
        # hosts.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.deps = deps
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.table = RouteTable(app.routes)
    app.add_middleware(WebuiOrApi)
    app.add_middleware(Compressed, routes=app.table)
    app.add_middleware(ForgetChanged, routes=app.table, statuses=deps.statuses)
    if deps.settings.keys_required:
        app.add_middleware(Access, routes=app.table, keys=deps.services.api_keys, quotas=Quotas(deps.services.redis))
    app.add_middleware(LeastRate, rate=deps.settings.body_rate, seconds=deps.settings.body_seconds)
    app.add_middleware(Gate, routes=app.table, hosts=Hosts.of(deps.settings))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    deps: ApiDeps = app.state.deps
    try:
        try:
            await refuse_evicting(deps.services.redis, deps.settings.redis_url or "")
        except ServiceUnavailable as error:
            # Without Redis, runs only start later. A Redis that may lose the queue is a configuration error.
            if error.code != "redis_unavailable":
                raise
            log.warning("%s", error)
        await deps.services.models.seed()
        yield
    finally:
        await deps.services.close()


def _version() -> str:
    try:
        return version("videomoments")
    except PackageNotFoundError:
        return "0"
