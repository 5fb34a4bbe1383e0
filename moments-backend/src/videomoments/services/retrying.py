"""Retries runs. One that failed or was cancelled goes on from the stage at which it ended. For one that completed but could not refine all
of its moments, a new run refines the rest."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import ValidationError

from videomoments.core.errors import Conflict
from videomoments.core.names import RunKind, RunStatus
from videomoments.services.models import JOBS, Job
from videomoments.services.options import RunSnapshot
from videomoments.services.refining import refine_rest
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

# The kinds of run that can leave moments to refine.
_REFINING = frozenset({RunKind.PIPELINE.value, RunKind.GENERATE.value, RunKind.REFINE.value})


async def retry_run(services: Services, request_id: str) -> Accepted:
    """Queues the run again with its own options, and with its models as configured now, because their configuration may have been the
    cause. Stages whose input is the same are not repeated. A completed run stays as it is: a new run refines what it left.

    Raises:
        NotFound, Conflict, TooMany: as `Runs.retry`, and for a completed run as `refine_rest`.
        InvalidInput: one of its models is gone, or not set up.
    """
    run = await services.run_queries.get(request_id)
    earlier = _snapshot_of(run)
    if run.status is RunStatus.COMPLETED and run.kind in _REFINING:
        return await refine_rest(services, run, earlier)
    asked: Collection[Job] = ("refinement",) if run.kind == RunKind.REFINE.value else JOBS
    same_models = dict.fromkeys(f"{job}_model" for job in JOBS) | {f"{job}_model": getattr(earlier, job).key for job in asked}
    snapshot = await services.models.snapshot(earlier.options.model_copy(update=same_models), asked=asked)
    same = {"options": earlier.options, "moment": earlier.moment, "moments": earlier.moments, "refines": earlier.refines}
    return await services.runs.retry(request_id, snapshot.model_copy(update=same))


def _snapshot_of(run: RunView) -> RunSnapshot:
    try:
        return RunSnapshot.model_validate(run.config)
    except ValidationError as error:
        raise Conflict(
            "The run was accepted by another version of VideoMoments.", code="config_unreadable", advice="Start a new run."
        ) from error
