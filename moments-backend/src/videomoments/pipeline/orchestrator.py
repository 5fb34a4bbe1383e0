"""Takes one claimed run through its stages, starting where an earlier attempt stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from videomoments.core.errors import Cancelled, MomentsError, ServiceUnavailable, StaleAttempt
from videomoments.core.logging import log_context
from videomoments.core.metrics import stage_timed
from videomoments.core.names import StageName, StageStatus
from videomoments.core.tasks import beside, finished
from videomoments.db.repositories.prompts import sha256_of
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.run_kinds import NOT_PART, stages_of
from videomoments.pipeline.stage import ProgressClock, Stage, StageAdapters, StageContext
from videomoments.pipeline.stage_retry import run_with_retries
from videomoments.services.runs import Claim
from videomoments.services.stage_records import StageRecord, StageRecords

log = logging.getLogger(__name__)

T = TypeVar("T")

_PROGRESS_SECONDS = 1.0
_DISCARD_SECONDS, _STOP_SECONDS = 30.0, 1.0

Watch = Callable[[ProgressClock, float], None]
"""Called at the start of each stage with its clock, and the seconds of silence that it is allowed."""


class StageFailed(Exception):
    """A stage failed with `error`. Carries the stage's name."""

    def __init__(self, stage: StageName, error: MomentsError) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


async def run_stages(claim: Claim, adapters: StageAdapters, watch: Watch, stages: tuple[Stage, ...] | None = None) -> str | None:
    """Runs the stages that are not finished: `stages`, or those of the run's kind.

    Returns a sentence that says why the run found nothing, or None.

    Raises:
        StageFailed: a stage failed for good.
        StaleAttempt: another worker holds the run.
        Deferred: the run waits for something that is away, and is to be tried again later.
    """
    records = StageRecords(adapters.services.runs)
    folder = work_folder(adapters.settings.work_folder, claim)
    clock = ProgressClock()
    context = StageContext(claim, adapters, folder, clock)
    await context.models.look_again()
    earlier = await retry_while_database_away(records.load, claim)
    note: str | None = None
    for stage in stages or stages_of(claim.kind):
        with log_context(stage=stage.name.value):
            clock.restart()
            watch(clock, stage.longest_silence(claim.snapshot, adapters.settings))
            try:
                remark = await _advance(stage, context, records, earlier[stage.name], clock)
                note = note or remark
            except Cancelled:  # StaleAttempt and Deferred too
                await _discard(context, _DISCARD_SECONDS)
                raise
            except MomentsError as error:
                await _discard(context, _DISCARD_SECONDS)
                raise StageFailed(stage.name, error) from error
            except Exception as error:
                log.exception("failed without a reason of ours")
                await _discard(context, _DISCARD_SECONDS)
                raise StageFailed(stage.name, _internal()) from error
            except asyncio.CancelledError:
                await _discard(context, _STOP_SECONDS)
                raise
    return note


async def _discard(context: StageContext, seconds: float) -> None:
    """Removes objects that no row names, before the run ends or is handed on. What is not removed within `seconds` stays until the
    sweep."""
    try:
        async with asyncio.timeout(seconds):
            await finished(context.discard_unpublished(), seconds=_STOP_SECONDS)
    except (TimeoutError, MomentsError) as error:
        log.warning("objects of a failed stage stay until the sweep (%s)", error.__class__.__name__)


def _internal() -> MomentsError:
    return MomentsError("Something went wrong inside VideoMoments.", advice="See the worker's log, and report it.")


def work_folder(base: Path, claim: Claim) -> Path:
    """Returns the run's temporary folder, and makes it where it is missing. It outlives an attempt, so that the next one on this machine
    finds finished files."""
    folder = base / claim.request_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


async def _advance(stage: Stage, context: StageContext, records: StageRecords, earlier: StageRecord, clock: ProgressClock) -> str | None:
    """Skips one stage with its reason, takes over its checkpoint, or runs it. Returns the reason of a skip or the checkpoint's note, or
    None."""
    claim = context.claim
    context.forget_video()
    if (reason := await retry_while_database_away(stage.skip, context)) is not None:
        if (earlier.status, earlier.reason) != (StageStatus.SKIPPED, reason):
            await retry_while_database_away(records.skip, claim, stage.name, reason)
            log.info("skipped: %s", reason)
        return None if reason == NOT_PART or stage.name in (StageName.CLIP_EXTRACTION, StageName.CLIP_UPLOAD) else reason
    digest = sha256_of(stage.name.value, dict(await retry_while_database_away(stage.inputs, context)))
    checkpoint = earlier.checkpoint
    same = earlier.status is StageStatus.COMPLETED and earlier.input_hash == digest
    if same and checkpoint is not None and await retry_while_database_away(stage.checkpoint_valid, context, checkpoint):
        log.info("taken over from an earlier attempt")
        context.checkpoints[stage.name] = checkpoint
        return checkpoint.get("note")
    async with contextlib.AsyncExitStack() as places:
        with clock.pause():
            context.models.place = await places.enter_async_context(context.adapters.limits.hold(stage.resource))
        await retry_while_database_away(records.start, claim, stage.name, digest)
        async with _progress_writer(records, claim, stage.name, clock):
            with stage_timed(stage.name):
                outcome = await run_with_retries(stage, context)
        context.checkpoints[stage.name] = outcome.checkpoint
        await retry_while_database_away(lambda: records.complete(claim, stage.name, outcome.checkpoint, reason=outcome.reason))
        log.info("completed")
    return outcome.checkpoint.get("note")


@asynccontextmanager
async def _progress_writer(records: StageRecords, claim: Claim, name: StageName, clock: ProgressClock) -> AsyncIterator[None]:
    """Writes progress to the stage's row while the stage runs, at most once a second."""

    async def write() -> None:
        written = 0.0
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            if clock.fraction > written:
                written = clock.fraction
                try:
                    await records.progress(claim, name, written)
                except ServiceUnavailable:
                    log.debug("progress not written")
                except StaleAttempt:
                    return  # the lease thread stops the run itself

    async with beside(write()):
        yield
