"""What went wrong at a model service, as one of our errors: typed, short, and without a secret in it."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from videomoments.core.errors import ModelError
from videomoments.core.logging import redact
from videomoments.inference.retry import Overloaded, retry_after_seconds

_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]\S*")
_BEARER = re.compile(r"(?i)\b(bearer|api[_-]?key|token)([\"'\s:=]+)[\w.\-]{8,}")
_LONGEST = 300


def scrubbed(text: str) -> str:
    """A service's own words on one short line: signed URLs, inline media and keys taken out."""
    # Cut generously first: an echoed request may hold a whole clip.
    line = " ".join(_BEARER.sub(r"\1\2…", _DATA_URL.sub("data:…", redact(text[:20_000]))).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def server_words(body: str) -> str:
    """The message in an error body, OpenAI's or FastAPI's shape, else the start of the body; nothing of an HTML page."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return "" if body.lstrip()[:1] == "<" else scrubbed(body)
    if isinstance(content, dict):
        inner = content.get("error", content)
        words = (inner.get("message") or inner.get("detail")) if isinstance(inner, dict) else inner
        return scrubbed(words if isinstance(words, str) else json.dumps(words)) if words else ""
    return ""


def failure(name: str, status: int, body: str, retry_after: str | None = None) -> ModelError:
    """The error for an HTTP status other than 200 from model `name`."""
    words = server_words(body)
    said = f": {words}" if words else "."
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return Overloaded(f"Model {name} is overloaded ({status}){said}", retry_after_seconds(retry_after))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ModelError(
            f"Model {name} refused the key ({status}){said}", code="model_refused", advice="Check the model's API key.", retryable=False
        )
    if status == HTTPStatus.NOT_FOUND:
        return ModelError(
            f"Model {name} is not known there ({status}){said}",
            code="model_unknown",
            advice="Check the model's name and address.",
            retryable=False,
        )
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT):
        return ModelError(f"Model {name} timed out ({status}){said}", code="model_timeout")
    if status == HTTPStatus.BAD_GATEWAY:
        return ModelError(f"Model {name} is not reachable ({status}){said}", code="model_unreachable")
    # What is wrong with the request stays wrong; a server's own fault may pass.
    return ModelError(f"Model {name} failed ({status}){said}", code="model_error", retryable=status >= 500)
