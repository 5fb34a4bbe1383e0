"""The status of active runs as it was within the last second: many pollers of one run ask the database once.

Only a run that has not ended is held. Pollers stop at an end, so an old end must never be shown to somebody whose retry another
process has just accepted; an active run that is a moment old costs its poller nothing but the next poll.
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

# Counted from before the question to the database. With the time that it takes, a poller sees a status of one second at most.
FRESH_SECONDS = 0.8
_MOST_RECENT = 2000


@dataclass(frozen=True, slots=True)
class Status:
    """A status as it is sent, and whether its run has still to end."""

    body: Tagged
    active: bool


@dataclass(frozen=True, slots=True)
class _RecentStatus:
    body: Tagged
    at: float


class RecentStatuses:
    """Statuses by video, of one process. What this process changes is seen at once: `forget` is called with every change.
    `clock` is monotonic."""

    def __init__(self, seconds: float = FRESH_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._recent: dict[str, _RecentStatus] = {}
        self._loading: dict[str, asyncio.Task[Status]] = {}

    def get(self, video_id: str) -> Tagged | None:
        """The video's status, unless it is too old or was never asked for."""
        recent = self._recent.get(video_id)
        return recent.body if recent is not None and self._clock() - recent.at < self._seconds else None

    async def load(self, video_id: str, read: Callable[[], Awaitable[Status]]) -> Tagged:
        """The status that is kept, else what `read` returns. Whoever asks meanwhile waits for the same. Raises what `read` raises."""
        if (kept := self.get(video_id)) is not None:
            return kept
        if (loading := self._loading.get(video_id)) is not None:
            await asyncio.wait({loading})
            # An end, or that there is no run, may have been read just before somebody's start was accepted elsewhere.
            if not loading.cancelled() and loading.exception() is None and loading.result().active:
                return loading.result().body
            return (await read()).body
        task = asyncio.create_task(self._read(video_id, read))
        forgotten(task)  # whoever asked has its error, unless they went away: then nobody has to be told
        self._loading[video_id] = task
        task.add_done_callback(lambda done: self._loaded(video_id, done))
        return (await joined(task)).body

    def forget(self, video_id: str | None = None) -> None:
        """What was read of the video, or is being read, is not shown again; of all videos where it is not known which changed."""
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
        self._recent.pop(video_id, None)  # so that the oldest stand first
        self._recent[video_id] = recent
        if len(self._recent) > _MOST_RECENT:
            del self._recent[next(iter(self._recent))]

    def _loaded(self, video_id: str, task: asyncio.Task[Status]) -> None:
        if self._loading.get(video_id) is task:
            del self._loading[video_id]


class ForgetChanged:
    """ASGI middleware: whoever has the answer to a change, and polls, must see it. It is committed by the time that the answer begins.

    A change names its video in the path, as the router has read it. One that names none changes no video's run, unless it starts one.
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
            forget()  # it may have failed behind its change
