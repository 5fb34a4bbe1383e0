"""Stores on a run's row that it waits for something unavailable, so that the wait is counted over all attempts and shown everywhere."""

from __future__ import annotations

from videomoments.coordination.redis import best_effort
from videomoments.core.errors import StaleAttempt
from videomoments.db.repositories import runs as repository
from videomoments.services.runs import Claim, Runs


class Waits:
    """The waits of claimed runs. Every method may raise StaleAttempt, and ServiceUnavailable."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def begin(self, claim: Claim, what: str) -> float:
        """Notes that the run waits for `what`, a model's key or another part's name. Returns how many seconds it has waited already, in
        this and earlier attempts, since what it waited for last worked."""
        seconds = await repository.wait(self._runs.database, claim.run_id, claim.attempt, what)
        if seconds is None:
            raise _stale()
        await self._mirror(claim, what)
        return seconds

    async def end(self, claim: Claim, *, answered: bool) -> None:
        """Notes that the run no longer waits. A later wait starts to count from zero only when this one was `answered`, so that something
        that comes and goes is not waited for without end."""
        if not await repository.wait_no_more(self._runs.database, claim.run_id, claim.attempt, answered=answered):
            raise _stale()
        await self._mirror(claim, None)

    async def _mirror(self, claim: Claim, what: str | None) -> None:
        async with best_effort("what the run waits for"):
            await self._runs.status.wait(claim.video_id, claim.request_id, claim.attempt, what)


def _stale() -> StaleAttempt:
    return StaleAttempt("Another worker has taken this run over.")
