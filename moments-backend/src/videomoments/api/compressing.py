"""Answers of the API in gzip, for callers that take it: a long transcript is a few megabytes of JSON."""

from __future__ import annotations

import re

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

# Objects and the export's archive are compressed already; ranges of an object count bytes as they lie in the store.
_PLAIN = re.compile(r"/(?!api/)|/api/objects/|/api/videos/[^/]+/export$")
# A status is smaller: what is asked for every two seconds is not worth the time. Bytes.
SMALLEST = 4096
_LEVEL = 4


class Compressed:
    """ASGI middleware over all that is not in `_PLAIN`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = scope["type"] != "http" or _PLAIN.match(scope["path"]) is not None
        await (self._app if plain else self._compressed)(scope, receive, send)
