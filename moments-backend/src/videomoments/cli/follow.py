"""Follows one run from its acceptance to its end, for the command that started it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from videomoments.cli.children import Child
from videomoments.cli.progress_display import RunProgress
from videomoments.cli.restarts import Revival
from videomoments.core.errors import MomentsError, NotFound, RunActive, ServiceUnavailable
from videomoments.core.names import RunKind
from videomoments.core.tasks import finished, raise_if_cancelled
from videomoments.services.options import RunSnapshot
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

_POLL_SECONDS = 0.25
_CANCEL_SECONDS = 5.0
_LOOK_SECONDS = 0.5
# Seconds between checks that the servers respond. A server that has ended is noticed at each look.
_REVIVE_SECONDS = 5.0
_AWAY_SECONDS = 60.0
_MAX_RESTARTS = 3
# The kinds of runs that work through every stage.
_WHOLE = (RunKind.PIPELINE, RunKind.GENERATE)


class Keeper:
    """Keeps the parts of a running command alive: starts servers and the worker again when one has died.

    `ended` returns the names of servers that have ended. `revive` starts them, blocks until they are ready, and returns the environment
    that the worker then needs.
    """

    def __init__(self, worker: Child, ended: Callable[[], Iterable[str]], revive: Callable[[], Mapping[str, str]]) -> None:
        self._worker = worker
        self._servers = Revival(ended, self._note, every=_REVIVE_SECONDS)
        self._revive = revive
        self._environment: Mapping[str, str] = {}
        self._restarts = 0

    def _note(self) -> None:
        self._environment = self._revive()

    async def look_after_servers(self) -> None:
        """Looks after the servers and never returns; run it beside `follow`."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.to_thread(self._servers.look)  # its trouble is tried again, and a part that can't wait reports it
            self._worker.use(self._environment)

    def look_after_worker(self) -> None:
        """Starts a dead worker again. Raises ServiceUnavailable when it keeps dying."""
        self._worker.bound_log()
        if self._worker.running:
            return
        if self._restarts >= _MAX_RESTARTS:
            last = self._worker.tail(1).strip()
            raise ServiceUnavailable(
                f"The worker process keeps ending{f' ({last})' if last else ''}.",
                code="worker_died",
                advice=f"Its log is {self._worker.log}.",
            )
        self._restarts += 1
        self._worker.start()


@dataclass(frozen=True, slots=True)
class Entered:
    """The run that a command waits for. `joined`: it was active before, left by another command or held by another worker."""

    request_id: str
    joined: bool


async def enter(services: Services, video_id: str, snapshot: RunSnapshot) -> Entered:
    """Starts a run, or joins the one in its way when that does the same with the same options.

    When this task is cancelled meanwhile, a run that was just stored is cancelled too.

    Raises:
        RunActive: a run of this video that does something else, or with other options, is active.
    """
    while True:
        try:
            return Entered((await _accept(services, video_id, snapshot)).request_id, joined=False)
        except RunActive as busy:
            # The newest active run may be another: one that only cuts clips is in nobody's way.
            active = await _active(services, busy.request_id)
            if active is None:  # it has just ended
                await asyncio.sleep(_POLL_SECONDS)
                continue
            whole = active.kind in _WHOLE
            if whole and _asked_for(active) == snapshot.public():
                return Entered(active.request_id, joined=True)
            why = "It was asked for with other options." if whole else f"It is of the kind {active.kind}, not a whole run."
            advice = f"{why} Wait for it to end, or cancel it: moments runs cancel {active.request_id[:8]}."
            raise RunActive(busy.request_id, busy.run_status, message=busy.message, advice=advice) from busy


async def _accept(services: Services, video_id: str, snapshot: RunSnapshot) -> Accepted:
    return await finished(services.runs.accept(video_id, snapshot), undo=lambda run: services.runs.request_cancel(run.request_id))


async def _active(services: Services, request_id: str) -> RunView | None:
    with contextlib.suppress(NotFound):
        found = await services.run_queries.get(request_id)
        return found if found.status.active else None
    return None


def _asked_for(active: RunView) -> dict[str, object] | None:
    """Returns the options of an active run; None when another version of this program accepted it."""
    with contextlib.suppress(ValidationError):
        return RunSnapshot.model_validate(active.config).public()
    return None


async def follow(services: Services, request_id: str, progress: RunProgress, keeper: Keeper) -> RunView:
    """Polls the run until it has ended, and shows its progress. Returns its last state.

    Raises:
        ServiceUnavailable: PostgreSQL stays away, or no worker stays alive.
    """
    answered, remarked = time.monotonic(), False
    while True:
        try:
            view = await services.run_queries.get(request_id)
        except ServiceUnavailable:
            if time.monotonic() - answered > _AWAY_SECONDS:
                raise
            if not remarked:
                progress.remark("The database does not answer; waiting for it.")
            remarked = True
            await asyncio.sleep(1.0)
            continue
        answered, remarked = time.monotonic(), False
        progress.show(view)
        if not view.status.active:
            return view
        raise_if_cancelled()
        keeper.look_after_worker()
        await asyncio.sleep(_POLL_SECONDS)


async def cancel(services: Services, request_id: str, progress: RunProgress) -> RunView | None:
    """Asks for the run's end and waits for it, at most 5 s. Returns its last state; None when that can't be read."""
    deadline = time.monotonic() + _CANCEL_SECONDS
    view = None
    with contextlib.suppress(MomentsError):
        await services.runs.request_cancel(request_id)
        while True:
            view = await services.run_queries.get(request_id)
            with contextlib.suppress(OSError):
                progress.show(view)
            if not view.status.active or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
    return view
