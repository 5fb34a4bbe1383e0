"""Counts what this process does, for `/metrics`. Workers have no port of their own and may be killed, so their counts are added every few
seconds to totals in PostgreSQL (`services/metric_totals.py`), from which any API process serves the sum."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import Metric

from videomoments.core.errors import Cancelled

_registry = CollectorRegistry()
_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)

ATTEMPTS = Counter("moments_attempts", "Claims of runs by workers.", registry=_registry)
RUNS_ENDED = Counter("moments_runs_ended", "Runs that have ended, by status.", ["status"], registry=_registry)
DEAD_LETTERS = Counter("moments_dead_letters", "Runs given up because they ended their workers.", registry=_registry)
RETRIES = Counter("moments_retries", "Repetitions: of a stage by its worker, of a run by a person's word.", ["what"], registry=_registry)
_STAGE_SECONDS = Histogram(
    "moments_stage_seconds",
    "Seconds of a stage, by how it ended; waiting for a place and taking over a checkpoint are not counted.",
    ["stage", "ended"],
    registry=_registry,
    buckets=_BUCKETS,
)

Series = tuple[str, str]
"""A sample's name, and its labels as a JSON object with sorted names."""

_lock = threading.Lock()
_reported: dict[Series, float] = {}


@contextmanager
def stage_timed(stage: str) -> Iterator[None]:
    """Counts the seconds of a stage, by how it ended: completed, failed, or stopped (cancelled, taken over, drained)."""
    began, ended = time.monotonic(), "failed"
    try:
        yield
        ended = "completed"
    except (Cancelled, asyncio.CancelledError):
        ended = "stopped"
        raise
    finally:
        _STAGE_SECONDS.labels(stage, ended).observe(time.monotonic() - began)


def take_counted() -> dict[Series, float]:
    """Returns what was counted since the last call. Pass it to `give_back` when it could not be stored."""
    with _lock:
        fresh = {}
        for metric in _registry.collect():
            for sample in metric.samples:
                series = (sample.name, json.dumps(sample.labels, sort_keys=True))
                if sample.name.endswith("_created") or sample.value == _reported.get(series):
                    continue
                fresh[series] = sample.value - _reported.get(series, 0.0)  # 0 the first time, so that an empty bucket is reported too
                _reported[series] = sample.value
    return fresh


def give_back(counted: Mapping[Series, float]) -> None:
    """Makes the next `take_counted` return these counts again."""
    with _lock:
        for series, value in counted.items():
            if (left := _reported.pop(series) - value) > 0:
                _reported[series] = left


def families(totals: Mapping[Series, float]) -> Iterator[Metric]:
    """Yields the counters and histograms with `totals` in place of this process's own values."""
    for metric in _registry.collect():
        metric.samples = []
        for (name, labels), value in totals.items():
            if name.startswith(metric.name + "_"):
                metric.add_sample(name, json.loads(labels), value)
        metric.samples.sort(
            key=lambda sample: (sorted((k, v) for k, v in sample.labels.items() if k != "le"), sample.name, _bound(sample.labels))
        )
        yield metric


def _bound(labels: Mapping[str, str]) -> float:
    return float(labels.get("le", "inf"))
