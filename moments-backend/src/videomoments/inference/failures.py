"""Turns failures of a model service into errors of this project: typed, short, and without a secret in them."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from videomoments.core.errors import ModelError
from videomoments.core.logging import redact
from videomoments.inference.retry import GatewayTimeout, Overloaded, retry_after_seconds

_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]\S*")
_BEARER = re.compile(r"(?i)\b(bearer|api[_-]?key|token)([\"'\s:=]+)[\w.\-]{8,}")
_URL = re.compile(r"https?://\S+")
# How servers report that they were refused when they fetched what a message points at: vLLM, and others that use aiohttp, requests or
# httpx. Google answers 400 for an address that has expired.
_REFUSED = r"(?:\b40[03]\b|forbidden|bad request)"
_FETCHING = r"\b(?:url|fetch\w*|download\w*)\b"
_NOT_FETCHED = re.compile(
    rf"{_REFUSED}.{{0,80}}{_FETCHING}|{_FETCHING}.{{0,80}}{_REFUSED}|(?:url|link|address|signature|request)\s(?:has |is )?expired",
    re.IGNORECASE | re.DOTALL,
)
# The code with which our own model service says that a clip's address gives no clip, whatever its words and its status (424) are.
_UNAVAILABLE = re.compile(r'"code"\s*:\s*"video_unavailable"')
_LONGEST = 300
_KEY_ADVICE = "Check the model's API key."
# What happened, its code, and what a user can do. Where a user must act, trying again is useless.
_KNOWN = {
    HTTPStatus.UNAUTHORIZED: ("refused the key", "model_refused", _KEY_ADVICE),
    HTTPStatus.FORBIDDEN: ("refused the key", "model_refused", _KEY_ADVICE),
    HTTPStatus.NOT_FOUND: ("is not known there", "model_unknown", "Check the model's name and address."),
    HTTPStatus.REQUEST_TIMEOUT: ("timed out", "model_timeout", ""),
    HTTPStatus.BAD_GATEWAY: ("is not reachable", "model_unreachable", ""),
}


class Answered(ModelError):
    """The service answered with an error. `body` is its text, which no log may show."""

    def __init__(
        self, message: str, *, status: int, body: str, code: str | None = None, advice: str = "", retryable: bool | None = None
    ) -> None:
        super().__init__(message, code=code, advice=advice, retryable=retryable)
        self.status = status
        self.body = body


def truncated_advice(key: str) -> str:
    return f"More room: `moments models edit {key} --max-tokens N`, or less thinking, set at its server."


class RequestRefused(Answered):
    """The service found fault with the request (400, 422)."""

    retryable = False


class MediaNotFetched(ModelError):
    """The service was refused when it fetched what the request points at. It may be asked again with a fresh address."""

    code = "model_could_not_fetch"
    retryable = False


def without_secrets(text: str) -> str:
    """Returns `text` without the query strings of URLs, inline media and keys."""
    return _BEARER.sub(r"\1\2…", _DATA_URL.sub("data:…", redact(text)))


def scrubbed(text: str) -> str:
    """Returns a service's own words on one line of at most 300 characters, without signed URLs, inline media and keys."""
    # Cut first, generously: an echoed request may hold a whole clip.
    line = " ".join(without_secrets(text[:20_000]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def server_words(body: str) -> str:
    """Returns the message in an error body of OpenAI's or FastAPI's form, else the start of the body; nothing of an HTML page."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return "" if body.lstrip()[:1] == "<" else scrubbed(body)
    if isinstance(content, list) and content:
        content = content[0]
    if isinstance(content, dict):
        inner = content.get("error", content.get("base_resp", content))
        words = (
            (inner.get("message") or inner.get("detail") or inner.get("status_msg") or inner.get("error_msg"))
            if isinstance(inner, dict)
            else inner
        )
        return scrubbed(words if isinstance(words, str) else json.dumps(words)) if words else ""
    return ""


def failure(name: str, status: int, body: str, retry_after: str | None = None) -> ModelError:
    """Returns the error for an HTTP status other than 200 from model `name`."""
    words = server_words(body)
    said = f": {words}{'' if words.endswith(('.', '!', '?', '…')) else '.'}" if words else "."
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        wish = retry_after_seconds(retry_after)
        away = status == HTTPStatus.SERVICE_UNAVAILABLE and wish is None
        return Overloaded(f"Model {name} is overloaded ({status}){said}", wish, away=away)
    if _tells_of_fetching(status, body):
        return MediaNotFetched(f"Model {name} could not fetch the clip ({status}){said}")
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        return RequestRefused(f"Model {name} refused the request ({status}){said}", status=status, body=body)
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return GatewayTimeout(f"Model {name} timed out ({status}){said}")
    if status in _KNOWN:
        what, code, advice = _KNOWN[HTTPStatus(status)]
        return Answered(f"Model {name} {what} ({status}){said}", status=status, body=body, code=code, advice=advice, retryable=not advice)
    # An error in the request stays; a server's own fault may pass.
    return Answered(f"Model {name} failed ({status}){said}", status=status, body=body, retryable=status >= 500)


def _tells_of_fetching(status: int, body: str) -> bool:
    """Returns whether the service failed to fetch the media. A refused key and an unknown model are reported otherwise."""
    answered = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FAILED_DEPENDENCY) or status >= 500
    said = body[:20_000]
    return answered and (_UNAVAILABLE.search(said) is not None or _NOT_FETCHED.search(_URL.sub("url", said)) is not None)
