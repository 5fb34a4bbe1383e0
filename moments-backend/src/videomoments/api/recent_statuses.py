"""Caches the status of active runs for up to a second, so that many pollers of one run query the database once.

Only the status of a run that has not ended is cached. Pollers stop at an end, so an old end must never be shown to a client whose retry
another process has just accepted. A slightly old status of an active run only costs its poller one more poll.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videomoments.api.conditional import Tagged
from videomoments.api.declarations import SAFE_METHODS, RouteTable
from videomoments.core.tasks import forgotten, joined

# Seconds, counted from before the query. With the time of the query, a poller sees a status that is at most a second old.
FRESH_SECONDS = 0.8
_MOST_RECENT = 2000


@dataclass(frozen=True, slots=True)
class Status:
    """A status as it is sent, and whether its run is still active."""

    body: Tagged
    active: bool


@dataclass(frozen=True, slots=True)
class _RecentStatus:
    body: Tagged
    at: float


class RecentStatuses:
    """The cached statuses of one process, by video. Changes by this process show at once, because `forget` is called with every change.
    `clock` is monotonic."""

    def __init__(self, seconds: float = FRESH_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._recent: dict[str, _RecentStatus] = {}
        self._loading: dict[str, asyncio.Task[Status]] = {}

    def get(self, video_id: str) -> Tagged | None:
        """Returns the cached status of the video, or None when there is none or it is too old."""
        recent = self._recent.get(video_id)
        return recent.body if recent is not None and self._clock() - recent.at < self._seconds else None

    async def load(self, video_id: str, read: Callable[[], Awaitable[Status]]) -> Tagged:
        """Returns the cached status, else what `read` returns. Concurrent callers wait for the same read. Raises what `read` raises."""
        if (kept := self.get(video_id)) is not None:
            return kept
        if (loading := self._loading.get(video_id)) is not None:
            await asyncio.wait({loading})
            # An end, or the absence of a run, may have been read just before another process accepted a start.
            if not loading.cancelled() and loading.exception() is None and loading.result().active:
                return loading.result().body
            return (await read()).body
        task = asyncio.create_task(self._read(video_id, read))
        forgotten(task)  # the callers get its error; if they have gone, nobody needs it
        self._loading[video_id] = task
        task.add_done_callback(lambda done: self._loaded(video_id, done))
        return (await joined(task)).body

    def forget(self, video_id: str | None = None) -> None:
        """Discards what was read of the video, or is being read; for all videos where the changed one is not known."""
        if video_id is None:
            self._recent.clear()
            self._loading.clear()
        else:
            self._recent.pop(video_id, None)
            self._loading.pop(video_id, None)

    async def _read(self, video_id: str, read: Callable[[], Awaitable[Status]]) -> Status:
        began, mine = self._clock(), asyncio.current_task()
        status = await read()
        if self._loading.get(video_id) is mine and status.active:
            self._remember(video_id, _RecentStatus(status.body, began))
        return status

    def _remember(self, video_id: str, recent: _RecentStatus) -> None:
        self._recent.pop(video_id, None)  # so that the oldest come first
        self._recent[video_id] = recent
        if len(self._recent) > _MOST_RECENT:
            del self._recent[next(iter(self._recent))]

    def _loaded(self, video_id: str, task: asyncio.Task[Status]) -> None:
        if self._loading.get(video_id) is task:
            del self._loading[video_id]


class ForgetChanged:
    """ASGI middleware: a client that has the response to a change, and polls, must see the change. It is committed before the response
    begins.

    A change names its video in the path, as parsed by the router. A change that names none affects no video's run, unless it starts one.
    """

    def __init__(self, app: ASGIApp, routes: RouteTable, statuses: RecentStatuses) -> None:
        self._app = app
        self._routes = routes
        self._statuses = statuses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return

        def forget() -> None:
            video_id = scope.get("path_params", {}).get("video_id")
            if video_id is not None or self._routes.of(scope).starts_run:
                self._statuses.forget(video_id)

        async def forgetting(message: Message) -> None:
            if message["type"] == "http.response.start":
                forget()
            await send(message)

        try:
            await self._app(scope, receive, forgetting)
        finally:
            forget()  # it may have failed after its change
