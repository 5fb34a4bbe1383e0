"""Answers with 304 when a response has not changed, by its ETag."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Tagged:
    """A body as JSON, with an ETag of its content."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, body: BaseModel) -> Tagged:
        content = body.model_dump_json().encode()
        return cls(content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')

    def answer(self, request: Request) -> Response:
        """Returns 200 with the body, or 304 when the client has this version."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if matches(request.headers.get("if-none-match"), self.etag):
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type="application/json", headers=headers)


def conditional(request: Request, body: BaseModel) -> Response:
    """Returns the body as JSON with an ETag of its content, or 304 when the client has this version."""
    return Tagged.of(body).answer(request)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Returns whether the header names this tag, by weak comparison as RFC 9110 requires for If-None-Match."""
    if not if_none_match:
        return False
    candidates = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in candidates or etag in candidates
