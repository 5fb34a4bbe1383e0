"""/metrics for Prometheus. The numbers cover the whole installation: every API process returns the same."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from videomoments.api.declarations import READ, declare
from videomoments.api.deps import Deps
from videomoments.api.errors import responses
from videomoments.core.metrics import Series, families
from videomoments.db.repositories.metric_totals import QueueState

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="get_metrics", response_class=PlainTextResponse, responses=responses(503))
@declare(READ, compressed=False)
async def get_metrics(deps: Deps) -> PlainTextResponse:
    """Returns metrics of the queue, leases, workers, attempts, stage durations, retries and dead letters, in Prometheus' text format."""
    totals = deps.services.totals
    await totals.flush()
    registry = CollectorRegistry()
    registry.register(_Installation(await totals.read(), await totals.state()))
    return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Installation(Collector):
    def __init__(self, totals: dict[Series, float], state: QueueState) -> None:
        self._totals = totals
        self._state = state

    def collect(self) -> Iterator[Metric]:
        state = self._state
        yield GaugeMetricFamily("moments_queue_depth", "Runs that wait for a worker.", state.queued)
        yield GaugeMetricFamily("moments_oldest_queued_seconds", "How long the first of them has waited.", state.oldest_queued_seconds)
        yield GaugeMetricFamily("moments_runs_processing", "Runs that are being worked on.", state.processing)
        yield GaugeMetricFamily("moments_leases", "Leases that are held.", state.leases)
        yield GaugeMetricFamily(
            "moments_leases_lapsed", "Runs whose worker went silent and that nobody has taken over yet.", state.lapsed_leases
        )
        yield GaugeMetricFamily("moments_workers_alive", "Worker processes seen within a lease.", state.workers)
        yield from families(self._totals)
