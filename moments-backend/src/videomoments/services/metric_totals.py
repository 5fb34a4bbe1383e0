"""Reads and writes totals over all processes, and the state of queue and workers, for `/metrics`."""

from __future__ import annotations

from videomoments.core.config import Settings
from videomoments.core.metrics import Series, give_back, take_counted
from videomoments.db.repositories import metric_totals as repository
from videomoments.db.repositories.metric_totals import QueueState
from videomoments.db.session import Database


class MetricTotals:
    """The installation's counters. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease = settings.lease_seconds

    async def flush(self) -> None:
        """Adds what this process has counted. What could not be added is added next time; a killed process loses its counts since the last
        flush."""
        counted = take_counted()
        if not counted:
            return
        try:
            await repository.add(self._database, counted)
        except BaseException:
            give_back(counted)
            raise

    async def read(self) -> dict[Series, float]:
        return await repository.read(self._database)

    async def state(self) -> QueueState:
        return await repository.queue_state(self._database, self._lease)
