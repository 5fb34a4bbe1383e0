"""Checks who may call: every request needs an API key where other machines can reach the API (F72)."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from videomoments.api.declarations import Declaration, Quota, RouteTable
from videomoments.api.errors import refusal, responses
from videomoments.coordination.quotas import Quotas
from videomoments.coordination.redis import best_effort
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput, MomentsError, NotSignedIn, ScopeMissing, TooMany
from videomoments.services.api_keys import PREFIX, ApiKey, ApiKeys, KeyScope

# For how long a process caches what it knows of a key: a revoked key works at most so long.
_BELIEVED_SECONDS = 5.0
_BELIEVED_KEYS = 1000
_MINUTE, _DAY = 60, 24 * 3600


async def refuse_unkeyed_bind(settings: Settings, keys: ApiKeys) -> None:
    """Raises `InvalidInput` (`bind_needs_keys`) where keys are required and there is none, because nobody could sign in."""
    if settings.keys_required and not await keys.any_live():
        raise InvalidInput(
            f"The API would listen on {settings.host}, and there is no API key yet.",
            code="bind_needs_keys",
            advice="Make one first: moments keys create NAME --scope admin. Or listen on 127.0.0.1.",
        )


@dataclass(frozen=True, slots=True)
class _Known:
    key: ApiKey | None
    at: float


class Access:
    """ASGI middleware that answers 401 without a live key, 403 with a key of too small a scope, 429 beyond its quota. The route declares
    what it requires; the body has not been read yet."""

    def __init__(self, app: ASGIApp, routes: RouteTable, keys: ApiKeys, quotas: Quotas) -> None:
        self._app = app
        self._routes = routes
        self._keys = keys
        self._quotas = quotas
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = self._routes.of(scope) if scope["type"] == "http" else None
        if declared is not None and declared.scope is not None:
            try:
                key = await self._admit(Headers(scope=scope), declared.scope)
                await self._count(key, declared)
            except MomentsError as error:
                await refusal(error, scope["path"])(scope, receive, send)
                return
            scope.setdefault("state", {})["api_key"] = key
        await self._app(scope, receive, send)

    async def _admit(self, headers: Headers, needed: KeyScope) -> ApiKey:
        secret = _secret(headers)
        key = await self._recognise(secret) if secret else None
        if key is None:
            raise NotSignedIn(
                "This key is not valid." if secret else "This API asks for a key.",
                advice="Send it as `Authorization: Bearer vm_…`; `moments keys create` makes one.",
            )
        if not key.scope.allows(needed):
            raise ScopeMissing(f"This key may {key.scope}; that needs {needed}.", advice="Use a key of that scope.")
        return key

    async def _recognise(self, secret: str) -> ApiKey | None:
        if not secret.startswith(PREFIX) or len(secret) > 200:
            return None
        known, now = self._known.get(secret), time.monotonic()
        if known is None or now - known.at > _BELIEVED_SECONDS:
            known = _Known(await self._keys.recognise(secret), now)
            self._known[secret] = known
            self._known.move_to_end(secret)
            if len(self._known) > _BELIEVED_KEYS:
                self._known.popitem(last=False)
        return known.key

    async def _count(self, key: ApiKey, declared: Declaration) -> None:
        limits = {Quota.REQUESTS: (key.requests_per_minute, _MINUTE), Quota.RUNS: (key.runs_per_day, _DAY)}
        for what in declared.quotas:
            limit, window = limits[what]
            if limit is None:
                continue
            wait = 0
            async with best_effort("a key's quota"):  # without Redis nobody is refused
                wait = await self._quotas.seconds_to_wait(key.identifier, what, limit, window)
            if wait:
                raise TooMany(
                    f"This key's quota of {limit} {what} per {'minute' if window == _MINUTE else 'day'} is used up.", retry_after=wait
                )


def _secret(headers: Headers) -> str | None:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    return headers.get("x-api-key")


def document_access(document: dict[str, Any], routes: RouteTable) -> None:
    """Adds to an OpenAPI document how to sign in, what each route requires, and the responses to callers that may not call it."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key (`moments keys create`); on loopback none is needed."}
    }
    for route in routes:
        needed = route.declaration.scope
        if needed is None:
            continue
        documented = document["paths"].get(route.path, {})
        for operation in (documented[method.lower()] for method in route.methods if method.lower() in documented):
            operation["security"] = [{}, {"key": []}]
            operation["x-scope"] = needed.value
            for status, entry in responses(401, 403, 429).items():
                operation["responses"].setdefault(str(status), entry)
