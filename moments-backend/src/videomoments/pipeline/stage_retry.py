"""Runs a stage again after an error that may pass by itself, as long as what is away is likely to come back."""

from __future__ import annotations

import contextlib
import logging
import random
from itertools import count

from videomoments.core.errors import MomentsError, OutOfSpace, ServiceUnavailable, StorageError
from videomoments.core.metrics import RETRIES
from videomoments.pipeline.limits import check_quota
from videomoments.pipeline.stage import Outcome, Stage, StageContext

log = logging.getLogger(__name__)

STORAGE = "storage"
"""What a run waits for when the object store is away. Other values are models' keys, and SOURCE."""

# Calls of models and downloads have their own retries.
_RETRIED = (StorageError, ServiceUnavailable, OutOfSpace)
_RETRIED_CODES = frozenset({"media_stalled", "media_killed"})
# Every transient error gets so many tries, over about a quarter of a minute.
_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
# A database that is away for this long has cost the lease already, and the worker stops the run then.
_DATABASE_SECONDS = 120.0


async def run_with_retries(stage: Stage, context: StageContext) -> Outcome:
    """Runs the stage and returns its outcome. Raises its last error."""
    clock = context.adapters.patience.clock
    failed_at: float | None = None
    shown = False
    for tries in count(1):
        try:
            await check_quota(context.folder.parent, context.adapters.settings.temp_quota_bytes)
            outcome = await stage.run(context)
        except MomentsError as error:
            failed_at = clock() if failed_at is None else failed_at
            if not _is_transient(error) or (tries >= _ATTEMPTS and clock() - failed_at >= _longest(error, context)):
                if shown:
                    await _show(context, waits=False)
                raise
            RETRIES.labels("stage").inc()
            log.warning("tried again: %s", error)
            if isinstance(error, StorageError) and tries >= _ATTEMPTS and not shown:
                shown = True
                await _show(context, waits=True)
            await _rest(context, tries)
        else:
            if shown:
                await _show(context, waits=False)
            return outcome
    raise AssertionError("counting does not end")


def _is_transient(error: MomentsError) -> bool:
    """Returns whether the error may pass by waiting."""
    return error.retryable and (isinstance(error, _RETRIED) or error.code in _RETRIED_CODES)


def _longest(error: MomentsError, context: StageContext) -> float:
    """Returns for how many seconds after the first failure a retry makes sense."""
    if isinstance(error, ServiceUnavailable):
        return _DATABASE_SECONDS
    # A store that has taken something of this run does exist; one that never has may be a mistyped address.
    return context.adapters.patience.budget if isinstance(error, StorageError) and context.checkpoints else 0.0


async def _rest(context: StageContext, tries: int) -> None:
    """Pauses without the stage's place, and with its clock stopped."""
    place = context.models.place
    place.leave()
    with context.paused():
        await context.adapters.patience.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (tries - 1))))
        await place.take()


async def _show(context: StageContext, *, waits: bool) -> None:
    """Shows the wait in the run's row. While the database is away too, nobody can see it."""
    with contextlib.suppress(ServiceUnavailable):
        if waits:
            await context.services.waits.begin(context.claim, STORAGE)
        else:
            await context.services.waits.end(context.claim, answered=True)
