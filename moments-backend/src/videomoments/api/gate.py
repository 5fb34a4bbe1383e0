"""Checks every request before the routes: known hosts only (F73), no foreign pages, bounded bodies, safe headers, an id for each
request."""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videomoments.api.declarations import SAFE_METHODS, RouteTable
from videomoments.api.errors import SAFE_HEADERS, problem
from videomoments.api.hosts import Hosts
from videomoments.core.logging import log_context

MAX_BODY_BYTES = 1024 * 1024
# An id that the caller or a proxy sent is used if it is safe in a log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Gate:
    """ASGI middleware. A page of another site that resolves its own name to us (DNS rebinding) is stopped by the host that it names."""

    def __init__(self, app: ASGIApp, routes: RouteTable, hosts: Hosts) -> None:
        self._app = app
        self._routes = routes
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]
        given = headers.get("x-request-id", "")
        request = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        # The answer to an unexpected error is made outside this middleware, and needs the id too.
        scope.setdefault("state", {})["request_id"] = request

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered["x-request-id"] = request
                for name, value in SAFE_HEADERS.items():
                    answered.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope["method"], headers)
        if refused is not None:
            await problem(*refused, instance=path)(scope, receive, with_headers)
            return
        bounded = receive if self._routes.of(scope).long_body else _bounded(receive, headers)
        with log_context(http_request=request):
            await self._app(scope, bounded, with_headers)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        if not self._hosts.serves(host):
            return 421, "host_not_allowed", "This host name is not served here."
        if method in SAFE_METHODS:
            return None
        page = headers.get("origin")
        # Another port of this machine is the same site, but another page.
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site") if page is None else not self._hosts.trusts(page, host)
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            return 403, "origin_not_allowed", "A page of another site may not do that."
        return None


def _bounded(receive: Receive, headers: Headers) -> Receive:
    """Returns a `receive` that ends a body beyond `MAX_BODY_BYTES` with 413, whether its length was announced or not."""
    announced = headers.get("content-length", "")
    seen = int(announced) if announced.isdecimal() and int(announced) > MAX_BODY_BYTES else 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise HTTPException(413, "The body is larger than a megabyte.")
        return message

    return bounded
