"""What a transition of a run does beside changing its row: metrics, the entry in the stream, and what a lost claim is answered."""

from __future__ import annotations

import pytest
from prometheus_client import Counter
from sqlalchemy import text

from support.backend import claimed, run_of
from support.workers import lapse
from videomoments.coordination import redis_keys
from videomoments.core.errors import MomentsError
from videomoments.core.metrics import DEAD_LETTERS, RUNS_ENDED
from videomoments.core.names import DEAD_LETTER, RunStatus
from videomoments.services.wiring import Services


def _total(counter: Counter, **labels: str) -> float:
    samples = next(iter(counter.collect())).samples
    return sum(one.value for one in samples if one.name.endswith("_total") and one.labels == labels)


@pytest.mark.parametrize(("code", "letters"), [("model_unavailable", 0.0), (DEAD_LETTER, 1.0)])
async def test_an_ended_run_is_counted_and_one_that_was_given_up_as_a_dead_letter(services: Services, code: str, letters: float) -> None:
    claim = await claimed(services)
    ended, given_up = _total(RUNS_ENDED, status="failed"), _total(DEAD_LETTERS)
    await services.runs.finish(claim, RunStatus.FAILED, error=MomentsError("Failed.", code=code))
    assert _total(RUNS_ENDED, status="failed") == ended + 1
    assert _total(DEAD_LETTERS) == given_up + letters


async def test_a_run_that_is_handed_back_is_known_by_its_new_entry_in_the_stream(services: Services) -> None:
    claim = await claimed(services)
    assert await services.runs.hand_back(claim)
    entries = await services.redis.xrevrange(redis_keys.STREAM, count=1)
    assert entries
    query = text("SELECT stream_entry FROM pipeline_history WHERE id = :id")
    assert (await services.database.execute(query, {"id": claim.run_id})).scalar() == entries[0][0]


async def test_a_run_cancelled_while_it_is_deferred_ends_at_once(services: Services) -> None:
    claim = await claimed(services)
    assert await services.runs.request_cancel(claim.request_id) is RunStatus.PROCESSING
    assert await services.runs.defer(claim, 60.0)
    assert (await run_of(services, claim.request_id)).status is RunStatus.CANCELLED


async def test_a_lost_claim_is_neither_deferred_nor_handed_back(services: Services) -> None:
    lost = await claimed(services)
    await lapse(services, lost.request_id)
    assert await services.runs.claim(lost.request_id, "worker-b") is not None
    assert await services.runs.defer(lost, 60.0) is False
    assert await services.runs.hand_back(lost) is False
    assert (await run_of(services, lost.request_id)).status is RunStatus.PROCESSING
