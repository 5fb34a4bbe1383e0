"""Serves the web page beside the API, at one address. Every path that is not the API's is the page's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from videomoments.core.webui_files import webui_folder

# Matched by path, because nothing below these addresses is the page's, whether there is a route or not.
_API = re.compile(r"/(api|docs|health|ready|metrics)(/|$)")
# Names of these files contain a hash of their content.
_ASSETS = "assets/"
_YEAR = "public, max-age=31536000, immutable"
_NOT_BUILT = "The web page has not been built. `moments serve` builds it; `moments-frontend/page.sh build` does the same by hand."
# Media and images may be in a cloud's store; the page creates its styles at run time. Nothing else comes from elsewhere.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; media-src 'self' blob: https:; "
    "connect-src 'self' https:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class WebuiOrApi:
    """ASGI middleware: `app` serves the API's paths, the built page all others. The page may be built while we run."""

    def __init__(self, app: ASGIApp, find: Callable[[], Path | None] = webui_folder) -> None:
        self._app = app
        self._find = find
        self._folder: Path | None = None
        self._files: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or _API.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        folder = self._find()
        if folder is None:
            await PlainTextResponse(_NOT_BUILT, 404)(scope, receive, send)
            return
        if folder != self._folder or self._files is None:
            self._folder, self._files = folder, GZipMiddleware(_WebuiFiles(directory=folder), minimum_size=1000)
        try:
            await self._files(scope, receive, send)
        except HTTPException as error:
            await PlainTextResponse(error.detail, error.status_code)(scope, receive, send)


class _WebuiFiles(StaticFiles):
    """Serves the files, and `index.html` for each path that the page itself routes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response("index.html" if path in ("", ".") else path, scope)
        except HTTPException as error:
            # A name with an extension means a file: an old page requests files of its own build.
            if error.status_code != 404 or "." in path.rpartition("/")[2]:
                raise
            response = await super().get_response("index.html", scope)
        response.headers["Cache-Control"] = _YEAR if path.startswith(_ASSETS) else "no-cache"
        response.headers["Content-Security-Policy"] = _POLICY
        return response
