"""Totals over all processes, and the state of queue and workers: what `/metrics` shows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from videomoments.core.config import Settings
from videomoments.core.metrics import Series, give_back, take_counted
from videomoments.db.session import Database

# In one order everywhere, so that two processes never wait for each other's rows.
_ADD = text("""
    INSERT INTO metric_totals (name, labels, value)
    SELECT * FROM unnest(CAST(:names AS text[]), CAST(:labels AS text[]), CAST(:values AS float8[])) AS fresh (name, labels, value)
    ORDER BY name, labels
    ON CONFLICT (name, labels) DO UPDATE SET value = metric_totals.value + excluded.value
""")
_READ = text("SELECT name, labels, value FROM metric_totals")
_STATE = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
           count(*) FILTER (WHERE status = 'processing') AS processing,
           count(*) FILTER (WHERE lease_until > now()) AS leases,
           count(*) FILTER (WHERE status = 'processing' AND lease_until < now()) AS lapsed_leases,
           coalesce(extract(epoch FROM now() - min(queued_at) FILTER (WHERE status = 'queued')), 0) AS oldest_queued_seconds,
           (SELECT count(*) FROM workers WHERE seen_at > now() - make_interval(secs => :lease)) AS workers
    FROM pipeline_history WHERE status IN ('queued', 'processing')
""")


@dataclass(frozen=True, slots=True)
class QueueState:
    """How things stand now. `workers`: seen within a lease."""

    queued: int
    processing: int
    leases: int
    lapsed_leases: int
    oldest_queued_seconds: float
    workers: int


class MetricTotals:
    """The installation's counters. Every method may raise ServiceUnavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease = settings.lease_seconds

    async def flush(self) -> None:
        """Adds what this process has counted; what could not be added is added next time. A process that is killed loses what it
        counted since its last flush."""
        counted = take_counted()
        if not counted:
            return
        names, labels = [name for name, _ in counted], [labels for _, labels in counted]
        try:
            await self._database.statement(_ADD, {"names": names, "labels": labels, "values": list(counted.values())})
        except BaseException:
            give_back(counted)
            raise

    async def read(self) -> dict[Series, float]:
        rows = await self._database.statement(_READ)
        return {(row.name, row.labels): row.value for row in rows}

    async def state(self) -> QueueState:
        row = (await self._database.statement(_STATE, {"lease": self._lease})).one()
        return QueueState(
            int(row.queued),
            int(row.processing),
            int(row.leases),
            int(row.lapsed_leases),
            float(row.oldest_queued_seconds),
            int(row.workers),
        )
