"""Queries on the totals of all processes, and on the state of queue and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from videomoments.core.metrics import Series
from videomoments.db.session import Executor

# Rows are locked in one order everywhere, so that two processes never wait for each other's rows.
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
    """The present state of queue and workers. `workers` counts those seen within a lease."""

    queued: int
    processing: int
    leases: int
    lapsed_leases: int
    oldest_queued_seconds: float
    workers: int


async def add(db: Executor, counted: Mapping[Series, float]) -> None:
    names, labels = [name for name, _ in counted], [labels for _, labels in counted]
    await db.execute(_ADD, {"names": names, "labels": labels, "values": list(counted.values())})


async def read(db: Executor) -> dict[Series, float]:
    return {(row.name, row.labels): row.value for row in await db.execute(_READ)}


async def queue_state(db: Executor, lease: float) -> QueueState:
    row = (await db.execute(_STATE, {"lease": lease})).one()
    return QueueState(
        int(row.queued),
        int(row.processing),
        int(row.leases),
        int(row.lapsed_leases),
        float(row.oldest_queued_seconds),
        int(row.workers),
    )
