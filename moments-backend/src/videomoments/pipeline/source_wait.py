"""Makes a run wait for the server that its source comes from.

A server that has sent bytes of this source, or says when it wants to be asked again, exists and is likely to come back. A download from it
that breaks off and can't be resumed at once is handed back with a time to try again, as a model's call is
(docs/decisions/0052-waiting-for-sources.md). A server that has never answered may be a mistyped address: the download fails at once.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from videomoments.core.errors import Deferred, SourceUnavailable
from videomoments.core.tasks import forgotten
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.stage import StageContext, log

SOURCE = "source"
"""What a run waits for when its source's server is away. Other values are models' keys, and STORAGE."""

# So many new bytes count as an answer, after which a later wait starts from zero. A dying server may send fewer, and then nothing.
_HEADWAY_BYTES = 1024 * 1024


class SourceWait:
    """The wait of one download. `reached`: an earlier attempt or run has downloaded the source, so the server exists."""

    def __init__(self, context: StageContext, *, reached: bool) -> None:
        self._context = context
        self._reached = reached or context.claim.waiting_for == SOURCE
        self._counting = context.claim.waited
        self._shown = context.claim.waiting_for == SOURCE
        self._first: int | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def brought(self, done: int) -> None:
        """Notes that `done` bytes of the source are there, and ends the wait."""
        self._reached = True
        self._first = done if self._first is None else min(self._first, done)
        if self._counting and done - self._first >= _HEADWAY_BYTES:
            self._counting = self._shown = False
            self._write(answered=True)
        elif self._shown:
            self._shown = False
            self._write(answered=False)

    async def had(self) -> None:
        """Ends the wait, since the source is here. Raises StaleAttempt."""
        await self._written()
        if self._counting or self._shown:
            self._counting = self._shown = False
            await retry_while_database_away(self._context.services.waits.end, self._context.claim, answered=True)

    async def lost(self, error: SourceUnavailable) -> NoReturn:
        """Raises Deferred where the run waits for the source, else `error`, with the time that the run waited in vain, if it did."""
        await self._written()
        if not error.retryable or not (self._reached or error.retry_after is not None):
            raise error
        context, budget = self._context, self._context.adapters.settings.source_wait_seconds
        if budget <= 0:
            raise error
        spent = await retry_while_database_away(context.services.waits.begin, context.claim, SOURCE)
        if spent >= budget:
            await retry_while_database_away(context.services.waits.end, context.claim, answered=False)
            raise _gave_up(error, budget) from error
        log.warning("waiting for the source: %s", error.message)
        # Not before the time that the server asks for (Retry-After), and once more at the end of the time.
        raise Deferred("Waiting for the source.", min(max(context.adapters.patience.pause, error.retry_after or 0.0), budget - spent))

    def _write(self, *, answered: bool) -> None:
        task = asyncio.create_task(retry_while_database_away(self._context.services.waits.end, self._context.claim, answered=answered))
        # After another error nothing awaits this task.
        forgotten(task)
        self._writing.add(task)

    async def _written(self) -> None:
        for task in list(self._writing):
            await task
        self._writing.clear()


def _gave_up(error: SourceUnavailable, budget: float) -> SourceUnavailable:
    waited = f"{budget / 60:.0f} minutes" if budget >= 120 else f"{budget:.0f} seconds"
    return SourceUnavailable(
        f"{error.message} It was waited for for {waited}.",
        code=error.code,
        advice="Retry the run when it answers again, or download the file yourself and give it.",
    )
