"""GET /metrics, in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from moments_models.host import Host

router = APIRouter()

_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """Counts what one running program does. Labels are models and outcomes, nothing of a request."""

    def __init__(self, host: Host) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("moments_models_requests", "Answered requests", ["model", "outcome"], registry=self.registry)
        self._seconds = Histogram(
            "moments_models_work_seconds", "Seconds of work, waiting not counted", ["model"], buckets=_SECONDS, registry=self.registry
        )
        self._audio = Counter("moments_models_audio_seconds", "Seconds of audio recognised", ["model"], registry=self.registry)
        self.registry.register(_State(host))

    def answered(self, model: str, outcome: str, seconds: float) -> None:
        """Counts an answered request. `outcome` is `ok` or an error's code."""
        self._requests.labels(model, outcome).inc()
        self._seconds.labels(model).observe(seconds)

    def recognised(self, model: str, seconds: float) -> None:
        """Adds recognised seconds of audio."""
        self._audio.labels(model).inc(seconds)


class _State(Collector):
    """Reports what the engines are doing at this moment."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def collect(self) -> Iterable[Metric]:
        loaded = GaugeMetricFamily("moments_models_loaded", "1 for a model in memory", labels=["model"])
        running = GaugeMetricFamily("moments_models_running", "Requests being worked on", labels=["model"])
        waiting = GaugeMetricFamily("moments_models_waiting", "Requests in the queue", labels=["model"])
        for name, hosted in self._host.engines.items():
            loaded.add_metric([name], float(hosted.loaded))
            running.add_metric([name], float(hosted.running))
            waiting.add_metric([name], float(hosted.waiting))
        return loaded, running, waiting


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counters and gauges of this program."""
    found: Metrics = request.app.state.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
