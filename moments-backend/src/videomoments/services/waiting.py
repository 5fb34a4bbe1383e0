"""That a run waits for something that is away: kept on its row, so that the wait is counted over all attempts and everybody sees it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import TextClause

from videomoments.coordination.redis import best_effort
from videomoments.core.errors import StaleAttempt
from videomoments.db.repositories import runs as statements
from videomoments.services.runs import Claim, Runs


class Waits:
    """Use-cases on the waits of claimed runs. Every method may raise StaleAttempt, and ServiceUnavailable."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def begin(self, claim: Claim, what: str) -> float:
        """The run waits for `what`, a model's key or another part's name; answers how many seconds it has waited already, in this and
        earlier attempts, since it last had an answer."""
        row = await self._write(statements.WAIT, claim, {"what": what})
        await self._mirror(claim, what)
        return float(row.seconds)

    async def end(self, claim: Claim, *, answered: bool) -> None:
        """It waits no more. Only when it was `answered` a later wait begins to count anew: something that comes up for a moment and goes
        again is not waited for for ever."""
        await self._write(statements.WAIT_NO_MORE, claim, {"answered": answered})
        await self._mirror(claim, None)

    async def _write(self, statement: TextClause, claim: Claim, values: dict[str, Any]) -> Any:
        identity = {"id": claim.run_id, "attempt": claim.attempt}
        row = (await self._runs.database.statement(statement, identity | values)).first()
        if row is None:
            raise StaleAttempt("Another worker has taken this run over.")
        return row

    async def _mirror(self, claim: Claim, what: str | None) -> None:
        async with best_effort("what the run waits for"):
            await self._runs.status.wait(claim.video_id, claim.request_id, claim.attempt, what)
