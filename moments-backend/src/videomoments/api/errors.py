"""Answers every error with `application/problem+json` (RFC 9457) and a stable `code`: never a stack trace, a path or an internal host."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from videomoments.api.validation import FieldProblem, Finding, fields_of, finding, unreadable
from videomoments.api.versions import ChangedMeanwhile
from videomoments.core.errors import MomentsError, NotSignedIn, RunActive, ServiceUnavailable, TooMany
from videomoments.core.logging import log_context

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
# Every response has them.
SAFE_HEADERS: Mapping[str, str] = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
_HTTP_CODES = {408: "body_too_slow", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


class Forbidden(MomentsError):
    """The address is not allowed, or the caller has no right to it."""

    code = "forbidden"
    status_code = 403


class ActiveRun(BaseModel):
    """The active run that prevents the request (`run_active`)."""

    request_id: str
    status: str = Field(examples=["processing"])


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable and meant for programs; `detail` and `advice` are for users."""

    type: str = Field(examples=["urn:videomoments:problem:run_active"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["run_active"])
    detail: str
    advice: str | None = None
    instance: str = Field(description="Path of the request.")
    errors: list[FieldProblem] | None = None
    run: ActiveRun | None = None
    current: dict[str, Any] | None = Field(
        None, description="With `changed_meanwhile`: the current version of what was to be edited, as a GET returns it, with its `etag`."
    )


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str,
    advice: str | None = None,
    errors: Sequence[FieldProblem] | None = None,
    run: ActiveRun | None = None,
    current: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Returns the response for one error."""
    body = Problem(
        type=f"urn:videomoments:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        advice=advice or None,
        instance=instance[:300],
        errors=list(errors) if errors else None,
        run=run,
        current=None if current is None else dict(current),
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, headers=dict(headers or {}), media_type=PROBLEM_TYPE)


def responses(*statuses: int, also: Mapping[int, Mapping[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """Returns the OpenAPI entries for a route's errors, and for its other responses (`also`)."""
    schema = {"$ref": "#/components/schemas/Problem"}
    entries: dict[int | str, dict[str, Any]] = {status: dict(entry) for status, entry in (also or {}).items()}
    for status in statuses:
        entries[status] = {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": schema}}}
    return entries


def document_bodies(document: dict[str, Any]) -> None:
    """Adds to an OpenAPI document the responses to any body that is too slow, too large, or of another type."""
    for operations in document["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody")
            if body is None:
                continue
            statuses = (408, 413, 415) if "application/json" in body["content"] else (408,)
            for status, entry in responses(*statuses).items():
                operation["responses"].setdefault(str(status), entry)


def install(app: FastAPI) -> None:
    """Installs the handlers that answer all errors this way."""
    app.add_exception_handler(MomentsError, _moments_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def refusal(error: MomentsError, path: str) -> JSONResponse:
    """Returns the response for an error of ours, with the headers that its kind requires."""
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, ServiceUnavailable):
        headers["Retry-After"] = "5"
    elif isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    run = ActiveRun(request_id=error.request_id, status=error.run_status) if isinstance(error, RunActive) else None
    current = error.current if isinstance(error, ChangedMeanwhile) else None
    if isinstance(error, ChangedMeanwhile) and error.etag is not None:
        headers["ETag"] = error.etag
    return problem(
        error.status_code, error.code, error.message, advice=error.advice, instance=path, run=run, current=current, headers=headers
    )


async def _moments_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MomentsError)
    if error.status_code >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error.operator_text)
    return refusal(error, request.url.path)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _found(request, finding(error, request.headers.get("content-type", "")), fields_of(error))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # a body that can't be read at all (not UTF-8, a broken form) counts as invalid input
        return _found(request, unreadable(error.__cause__))
    code = _HTTP_CODES.get(error.status_code, "http_error")
    return problem(error.status_code, code, str(error.detail), instance=request.url.path, headers=error.headers)


def _found(request: Request, found: Finding, fields: Sequence[FieldProblem] = ()) -> JSONResponse:
    return problem(found.status, found.code, found.detail, advice=found.advice, instance=request.url.path, errors=fields)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """Logs and answers an error that nothing expected. This runs outside the gate, so the request's id and the headers are added here."""
    identifier: str = request.state.request_id
    with log_context(http_request=identifier):
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(
        500,
        "internal_error",
        "Something went wrong on our side.",
        advice="Try again; if it stays, look into the server's log.",
        instance=request.url.path,
        headers={**SAFE_HEADERS, "x-request-id": identifier},
    )
