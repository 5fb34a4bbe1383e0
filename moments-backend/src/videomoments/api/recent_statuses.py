"""The status of active runs as it was within the last second: many pollers of one run ask the database once.

Only a run that has not ended is kept. Pollers stop at an end, so an old end must never be shown to somebody whose retry another
process has just accepted; an active run that is a moment old costs its poller nothing but the next poll.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videomoments.api.compressing import SMALLEST
from videomoments.api.conditional import Tagged, matches

# Counted from before the question to the database. With the time that it takes, a poller sees a status of one second at most.
FRESH_SECONDS = 0.8
_KEPT = 2000
_STATUS = re.compile(r"/api/pipeline/([A-Za-z0-9_-]{1,64})/status")
# Changes of one video alone; what else is below these paths (`upload`, `list`) names no status that could be asked for.
_OF_ONE_VIDEO = re.compile(r"/api/(?:pipeline|videos)/([A-Za-z0-9_-]{1,64})(?:/|$)")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Status:
    """A status as it is sent, and whether its run has still to end."""

    body: Tagged
    active: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    body: Tagged
    at: float


class RecentStatuses:
    """Statuses by video, of one process. What this process changes is seen at once: `forget` is called with every change."""

    def __init__(self, seconds: float = FRESH_SECONDS) -> None:
        self._seconds = seconds
        self._kept: dict[str, _Kept] = {}
        self._loading: dict[str, asyncio.Task[Status]] = {}

    def get(self, video_id: str) -> Tagged | None:
        """The video's status, unless it is too old or was never asked for."""
        kept = self._kept.get(video_id)
        return kept.body if kept is not None and time.monotonic() - kept.at < self._seconds else None

    async def load(self, video_id: str, read: Callable[[], Awaitable[Status]]) -> Tagged:
        """The status as `read` answers it. Whoever asks meanwhile waits for the same answer. Raises what `read` raises."""
        if (joined := self._loading.get(video_id)) is not None:
            await asyncio.wait({joined})
            # An end, or that there is no run, may have been read just before somebody's start was accepted elsewhere.
            if not joined.cancelled() and joined.exception() is None and joined.result().active:
                return joined.result().body
            return (await read()).body
        task = asyncio.ensure_future(self._read(video_id, read))
        self._loading[video_id] = task
        task.add_done_callback(lambda done: self._loaded(video_id, done))
        return (await asyncio.shield(task)).body

    def forget(self, video_id: str | None = None) -> None:
        """What was read of the video, or is being read, is not shown again; of all videos where it is not known which changed."""
        if video_id is None:
            self._kept.clear()
            self._loading.clear()
        else:
            self._kept.pop(video_id, None)
            self._loading.pop(video_id, None)

    async def _read(self, video_id: str, read: Callable[[], Awaitable[Status]]) -> Status:
        began, mine = time.monotonic(), asyncio.current_task()
        status = await read()
        if self._loading.get(video_id) is mine and status.active:
            self._keep(video_id, _Kept(status.body, began))
        return status

    def _keep(self, video_id: str, kept: _Kept) -> None:
        self._kept.pop(video_id, None)  # so that the oldest stand first
        self._kept[video_id] = kept
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def _loaded(self, video_id: str, task: asyncio.Task[Status]) -> None:
        if self._loading.get(video_id) is task:
            del self._loading[video_id]
        if not task.cancelled():
            task.exception()  # whoever asked has it, unless he went away: then nobody has to be told


class StatusFirst:
    """ASGI middleware: a status that is at hand is answered here, without router, validation and models; all else is `app`'s.

    It stands behind the gate and the keys, and answers word for word as the route does.
    """

    def __init__(self, app: ASGIApp, statuses: RecentStatuses) -> None:
        self._app = app
        self._statuses = statuses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            asked = _STATUS.fullmatch(scope["path"])
            known = self._statuses.get(asked[1]) if asked is not None else None
            if known is None or len(known.content) >= SMALLEST:
                await self._app(scope, receive, send)
            else:
                await _answer(known, scope, send)
        elif scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
        else:
            await self._changing(scope, receive, send)

    async def _changing(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whoever has the answer to a change, and polls, must see it. It is committed by the time that the answer begins."""
        named = _OF_ONE_VIDEO.match(scope["path"])
        video_id = named[1] if named else None

        async def forgetting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._statuses.forget(video_id)
            await send(message)

        try:
            await self._app(scope, receive, forgetting)
        finally:
            self._statuses.forget(video_id)  # it may have failed behind its change


async def _answer(known: Tagged, scope: Scope, send: Send) -> None:
    headers = [(b"etag", known.etag.encode()), (b"cache-control", b"no-cache")]
    given = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if matches(given.decode("latin-1"), known.etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body"})
        return
    headers += [(b"content-length", str(len(known.content)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": known.content})
