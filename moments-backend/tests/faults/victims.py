"""The processes of an installation that a storm strikes: what kinds there are, which live, and who holds which run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

import psutil
from sqlalchemy import text

from faults.served import Served
from support.processes import words_of
from support.stack import embedded_settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.process_identity import Record
from videomoments.services.wiring import Services

MOST_DEATHS = 2
"""Workers that may be killed under one run: with the third it would be a dead letter, by design."""
_SETTLE_SECONDS = 0.2
_HELD = text("SELECT identifier FROM pipeline_history WHERE status = 'processing' AND lease_until IS NOT NULL AND owner ~ :owner")


class Kind(StrEnum):
    POSTGRES = "PostgreSQL"
    VALKEY = "Valkey"
    MODELS = "model service"
    API = "API"
    WORKER = "worker"
    MEDIA = "media child"
    SUPERVISOR = "serve itself"


_RECORDS = {Kind.POSTGRES: "postgres", Kind.VALKEY: "valkey", Kind.MODELS: "models"}
_COMMANDS = {Kind.API: "api", Kind.WORKER: "worker"}


@dataclass
class Victims:
    """`hits` counts what was killed, `deaths` the workers that were killed under each run."""

    served: Served
    services: Services
    hits: Counter[Kind] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    spared: int = 0

    def living(self, kind: Kind) -> list[int]:
        """Pids of the processes of that kind, as they are now."""
        if kind in _RECORDS:
            record = Record.load(Layout.of(embedded_settings(self.served.home)), _RECORDS[kind])
            return [record.pid] if record is not None and record.alive else []
        if (supervisor := self.served.pid) is None:
            return []
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(supervisor).children(recursive=kind is Kind.MEDIA)
            if kind is Kind.SUPERVISOR:
                # Not before it has started what it looks after, or nothing would ever run.
                return [supervisor] if any(_is(child, Kind.API) for child in children) else []
            return [child.pid for child in children if _is(child, kind)]
        return []

    async def strike(self, kind: Kind, pid: int) -> bool:
        """Kills it; False when it may not be killed now, or is gone already."""
        if kind is Kind.WORKER:
            struck = await self._strike_worker(pid)
        else:
            struck = _send(pid, signal.SIGKILL)
        self.hits[kind] += struck
        return struck

    async def _strike_worker(self, pid: int) -> bool:
        """A worker that has been stopped claims nothing more: what it holds then is what it dies with."""
        if not _send(pid, signal.SIGSTOP):
            return False
        await asyncio.sleep(_SETTLE_SECONDS)  # a claim that was under way is made by now
        held = await self.held_by(pid)
        if held is None or any(self.deaths[run] >= MOST_DEATHS for run in held):
            self.spared += 1
            _send(pid, signal.SIGCONT)
            return False
        self.deaths.update(held)
        return _send(pid, signal.SIGKILL)

    async def held_by(self, pid: int) -> list[str] | None:
        """Request ids of the runs that the worker with this pid holds; None when nobody can say."""
        try:
            async with self.services.database.transaction() as session:
                return list(await session.scalars(_HELD, {"owner": f"-{pid}-[0-9a-f]+$"}))
        except ServiceUnavailable:
            return None


def _is(process: psutil.Process, kind: Kind) -> bool:
    words = words_of(process)
    if kind is Kind.MEDIA:
        return "videomoments.media.child" in words
    return "videomoments" in words and _COMMANDS[kind] in words


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
