"""Which leases a worker keeps."""

from __future__ import annotations

from support.backend import accepted
from support.workers import renewed
from videomoments.services.wiring import Services
from videomoments.worker.lease import LeaseKeeper, StopReason


async def test_f99_a_run_that_the_same_worker_takes_again_is_kept_when_its_last_attempt_is_put_down(services: Services) -> None:
    """A run is handed back and claimed anew in one worker before the first attempt has come to its end: it was then held by nobody."""
    told: list[StopReason] = []
    keeper = LeaseKeeper(services.settings, services.database.url, "worker-a", renew_seconds=0.1)
    run = await accepted(services)
    first = await services.runs.claim(run.request_id, "worker-a")
    assert first is not None
    keeper.hold(first, told.append, since=0.0)
    await services.runs.hand_back(first)
    second = await services.runs.claim(run.request_id, "worker-a")
    assert second is not None
    keeper.hold(second, told.append, since=0.0)
    keeper.drop(first)
    keeper.start()
    try:
        await renewed(services, run.request_id)
    finally:
        keeper.stop()
    assert told == []
