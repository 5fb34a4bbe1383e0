"""/metrics: the installation's numbers, whichever process counted them."""

from __future__ import annotations

import httpx
import pytest
from finished import claimed
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.core import metrics
from videomoments.core.errors import ModelError, ServiceUnavailable
from videomoments.core.metrics import stage_timed
from videomoments.core.names import RunStatus
from videomoments.db.session import Database
from videomoments.services.metric_totals import MetricTotals

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(client: httpx.AsyncClient) -> Numbers:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    assert len(samples) == len({(sample.name, *sorted(sample.labels.items())) for sample in samples}), "no series twice"
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def grown(before: Numbers, after: Numbers, name: str, **labels: str) -> float:
    series = (name, tuple(sorted(labels.items())))
    return after[series] - before.get(series, 0.0)


async def test_what_a_run_leaves_in_the_numbers(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    before = await scraped(client)
    assert (before["moments_queue_depth", ()], before["moments_workers_alive", ()]) == (0, 0)
    async with deps.services.database.transaction() as session:
        await session.execute(text("INSERT INTO workers (name, host, pid) VALUES ('worker-a', 'here', 1)"))
    await client.post("/api/generate_moments", json={"url": "https://example.com/waits.mp4"})
    claim = await claimed(deps)
    during = await scraped(client)
    assert [during[f"moments_{name}", ()] for name in ("queue_depth", "runs_processing", "leases", "leases_lapsed", "workers_alive")] == [
        1,
        1,
        1,
        0,
        1,
    ]
    assert during["moments_oldest_queued_seconds", ()] >= 0
    with stage_timed("TRANSCRIPTION"):
        pass
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=ModelError("It ended its worker.", code="dead_letter"))
    after = await scraped(client)
    assert grown(before, after, "moments_attempts_total") == 1
    assert grown(before, after, "moments_dead_letters_total") == 1
    assert grown(before, after, "moments_runs_ended_total", status="failed") == 1
    buckets = [labels for name, labels in after if name == "moments_stage_seconds_bucket" and ("ended", "completed") in labels]
    assert len(buckets) >= 11, "empty buckets are told, too"
    assert grown(before, after, "moments_stage_seconds_count", ended="completed", stage="TRANSCRIPTION") == 1


async def test_totals_of_several_processes_are_added_and_outlive_them(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    before = await scraped(client)
    async with deps.services.database.transaction() as session:  # as another process flushes
        await session.execute(text("UPDATE metric_totals SET value = value + 41 WHERE name = 'moments_attempts_total'"))
    metrics.ATTEMPTS.inc()
    assert grown(before, await scraped(client), "moments_attempts_total") == 42
    assert grown(before, await scraped(client), "moments_attempts_total") == 42, "nothing is counted twice"


async def test_what_could_not_be_kept_is_kept_later(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    before = await scraped(client)
    metrics.ATTEMPTS.inc()
    nowhere = Database("postgresql://127.0.0.1:1/none")
    with pytest.raises(ServiceUnavailable):
        await MetricTotals(nowhere, deps.settings).flush()
    await nowhere.close()
    assert grown(before, await scraped(client), "moments_attempts_total") == 1
