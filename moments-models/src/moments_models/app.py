"""The HTTP application."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from moments_models import __version__
from moments_models.engine_contract import EngineSpec
from moments_models.engines import ENGINES
from moments_models.errors import Forbidden, InvalidRequest, ServiceError, TooLarge, Unauthorized
from moments_models.host import Host
from moments_models.request_jobs import Jobs
from moments_models.routes import chat, metrics, models, transcribe

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def create_app(
    engines: Iterable[EngineSpec] | None = None, *, api_key: str | None = None, max_waiting: int = 16, any_host: bool = False
) -> FastAPI:
    """Returns the application. Nothing of an engine is imported or loaded until a request needs it.

    `engines` are those to serve (default: all). `api_key` is the bearer token that requests must carry; without one, only requests that
    name a loopback host and come from no web page are accepted, unless `any_host`. `max_waiting` is the length of each queue.
    """
    app = FastAPI(title="moments-models", version=__version__, docs_url=None, redoc_url=None)
    app.state.host = Host(ENGINES.values() if engines is None else engines, max_waiting=max_waiting)
    app.state.jobs = Jobs()
    app.state.metrics = metrics.Metrics(app.state.host)
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)

    app.add_middleware(_Guard, api_key=api_key, any_host=any_host)
    for router in (models.router, metrics.router, chat.router, transcribe.router):
        app.include_router(router)
    return app


class _Guard:
    """Refuses requests before their bodies are read. It is plain ASGI, because Starlette's own base class hides a client that leaves."""

    def __init__(self, app: ASGIApp, *, api_key: str | None, any_host: bool) -> None:
        self._app = app
        self._api_key = api_key
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                _check(Request(scope), self._api_key, any_host=self._any_host)
            except ServiceError as error:
                await _response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _check(request: Request, api_key: str | None, *, any_host: bool) -> None:
    if api_key:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or request.headers.get("x-api-key", "")
        if request.url.path != "/health" and not hmac.compare_digest(given.encode(), api_key.encode()):
            raise Unauthorized("the API key is missing or wrong")
    elif not any_host and request.url.hostname not in _LOOPBACK_NAMES:
        # A web page may make a browser call a loopback port under the page's own name (DNS rebinding).
        raise Forbidden("this service answers under a loopback name only; set MOMENTS_MODELS_KEY to serve others")
    elif "origin" in request.headers:
        raise Forbidden("requests of web pages are refused; set MOMENTS_MODELS_KEY to serve them")
    if request.url.path.startswith("/v1/") and int(request.headers.get("content-length") or 0) > chat.MAX_BODY:
        raise TooLarge("the request is too large")


def _response(error: ServiceError) -> JSONResponse:
    headers = {"Retry-After": "5"} if error.status == 429 else None
    body = {"error": {"message": error.message, "type": error.type, "code": error.code}}
    return JSONResponse(body, status_code=error.status, headers=headers)


async def _service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return _response(error)


async def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems: list[Any] = list(error.errors())
    first = problems[0] if problems else {"loc": (), "msg": "invalid"}
    where = ".".join(str(part) for part in first["loc"])
    return _response(InvalidRequest(f"{where}: {first['msg']}"))


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = "invalid_request_error" if error.status_code < 500 else "server_error"
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    return JSONResponse({"error": {"message": str(error.detail), "type": kind, "code": code}}, status_code=error.status_code)
