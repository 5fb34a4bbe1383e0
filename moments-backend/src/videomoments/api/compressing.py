"""Compresses responses with gzip for clients that accept it: a long transcript is a few megabytes of JSON."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from videomoments.api.declarations import RouteTable

# Bytes. A status is smaller: compressing what is polled every two seconds is not worth the time.
_SMALLEST = 4096
_LEVEL = 4


class Compressed:
    """ASGI middleware for all routes that don't declare otherwise."""

    def __init__(self, app: ASGIApp, routes: RouteTable) -> None:
        self._app = app
        self._routes = routes
        self._compressed = GZipMiddleware(app, minimum_size=_SMALLEST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = scope["type"] != "http" or not self._routes.of(scope).compressed
        await (self._app if plain else self._compressed)(scope, receive, send)
