"""Renews the leases of all runs that this worker holds, off the event loop (F23, F26).

A thread with its own event loop and database connection renews every quarter of a lease, checks every second for cancellations, and gives
up a run whose stage is silent for too long. When it can't renew in time, the worker fences itself: it stops its runs before another worker
may start them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import asyncpg

from videomoments.core.config import Settings
from videomoments.db.repositories import sessions
from videomoments.db.session import connect_arguments
from videomoments.pipeline.stage import ProgressClock
from videomoments.services.runs import Claim

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0


class StopReason(StrEnum):
    """Why a run must stop here."""

    CANCELLED = "cancelled"
    LOST = "lost"
    STALLED = "stalled"


@dataclass(slots=True)
class _Held:
    claim: Claim
    tell: Callable[[StopReason], None]
    renewed_at: float
    clock: ProgressClock = field(default_factory=ProgressClock)
    stall_seconds: float = 300.0
    stop_reason: StopReason | None = None


class LeaseKeeper:
    """Renews leases in a thread. Start it once per worker, and `hold` a claim while it is worked on. `clock` counts seconds and never goes
    back. Leases are renewed every `renew_seconds`, or every quarter of a lease."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        name: str,
        *,
        renew_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = settings.lease_seconds
        self._renew_seconds = renew_seconds or self._lease / 4
        self._clock = clock
        self._arguments = connect_arguments(database_url)
        self._name = name
        # The key is run and attempt: this worker may hold the next attempt before it has dropped the last one.
        self._held: dict[tuple[int, int], _Held] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def hold(self, claim: Claim, tell: Callable[[StopReason], None], *, since: float) -> None:
        """Renews `claim` until `drop`. `tell` is called at most once, on the caller's event loop. `since` is the clock's time before the
        claim."""
        loop = asyncio.get_running_loop()
        held = _Held(claim, lambda reason: _call(loop, tell, reason), since)
        with self._lock:
            self._held[_key(claim)] = held

    def watch(self, claim: Claim, clock: ProgressClock, stall_seconds: float) -> None:
        """Sets the clock of a new stage, and how many seconds it may be silent."""
        with self._lock:
            if (held := self._held.get(_key(claim))) is not None:
                held.clock, held.stall_seconds = clock, stall_seconds

    def drop(self, claim: Claim) -> None:
        with self._lock:
            self._held.pop(_key(claim), None)

    def _run(self) -> None:
        asyncio.run(self._keep())

    async def _keep(self) -> None:
        connection: asyncpg.Connection[Any] | None = None
        next_renewal = -math.inf
        while not self._stop.is_set():
            began = self._clock()
            with self._lock:
                held = list(self._held.values())
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(**self._arguments, timeout=5, command_timeout=5)
                    next_renewal = -math.inf
                if began >= next_renewal:
                    await sessions.note_worker(connection, self._name, platform.node(), os.getpid())
                    await self._renew(connection, held, began)
                    next_renewal = began + self._renew_seconds
                elif held:
                    await self._look_for_cancellations(connection, held)
            except Exception as error:  # this thread must not end, because it fences the worker
                log.warning("leases not renewed: %s", error.__class__.__name__)
                if connection is not None:
                    connection.terminate()
                connection = None
            self._fence(held)
            self._stop.wait(max(0.05, min(_TICK_SECONDS, self._renew_seconds / 2) - (self._clock() - began)))
        if connection is not None:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await sessions.remove_worker(connection, self._name)
                await connection.close(timeout=1)

    async def _renew(self, connection: asyncpg.Connection[Any], held: list[_Held], began: float) -> None:
        alive = []
        for one in held:
            if one.clock.silent_for() > one.stall_seconds:
                self._tell(one, StopReason.STALLED)
            # A run that was given up lapses or is handed back; renewing it would only delay the next worker.
            if one.stop_reason in (None, StopReason.CANCELLED):
                alive.append(one)
        if not alive:
            return
        renewed = await sessions.renew(connection, [_key(one.claim) for one in alive], self._lease)
        for one in alive:
            if _key(one.claim) not in renewed:
                self._tell(one, StopReason.LOST)
            else:
                one.renewed_at = began
                if renewed[_key(one.claim)]:
                    self._tell(one, StopReason.CANCELLED)

    async def _look_for_cancellations(self, connection: asyncpg.Connection[Any], held: list[_Held]) -> None:
        wanted = await sessions.cancelled(connection, [one.claim.run_id for one in held])
        for one in held:
            if one.claim.run_id in wanted:
                self._tell(one, StopReason.CANCELLED)

    def _fence(self, held: list[_Held]) -> None:
        """Stops runs that could not be renewed for most of a lease, so that none still runs here when its lease has lapsed."""
        for one in held:
            if self._clock() - one.renewed_at > self._lease * 0.85:
                self._tell(one, StopReason.LOST)

    def _tell(self, one: _Held, reason: StopReason) -> None:
        with self._lock:
            current = self._held.get(_key(one.claim)) is one
        if current and one.stop_reason is None:
            one.stop_reason = reason
            one.tell(reason)


def _key(claim: Claim) -> tuple[int, int]:
    return claim.run_id, claim.attempt


def _call(loop: asyncio.AbstractEventLoop, tell: Callable[[StopReason], None], reason: StopReason) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell, reason)
