"""Answers that cost nothing when they have not changed: ETag and 304."""

from __future__ import annotations

import hashlib

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel


def conditional(request: Request, body: BaseModel) -> Response:
    """The body as JSON with an ETag of its content, or 304 when the client has just that."""
    content = body.model_dump_json().encode()
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison, as RFC 9110 asks for with If-None-Match."""
    if not if_none_match:
        return False
    candidates = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in candidates or etag in candidates
