"""Trying a run again that failed or was cancelled, from the stage at which it ended."""

from __future__ import annotations

from pydantic import ValidationError

from videomoments.core.errors import Conflict
from videomoments.services.options import RunSnapshot
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services


async def retry_run(services: Services, request_id: str) -> Accepted:
    """Puts the run back into the queue with its own options, and with its models as they are configured now: what was wrong with one may
    have been mended. Stages whose input is the same are not repeated.

    Raises:
        NotFound, Conflict, TooMany: as `Runs.retry`.
        InvalidInput: one of its models is gone, or not set up.
    """
    run = await services.run_queries.get(request_id)
    try:
        kept = RunSnapshot.model_validate(run.config)
    except ValidationError as error:
        raise Conflict(
            "The run was accepted by another version of VideoMoments.", code="config_unreadable", advice="Start a new run."
        ) from error
    same_models = {
        "transcription_model": kept.transcription.key,
        "generation_model": kept.generation.key,
        "refinement_model": kept.refinement.key,
    }
    snapshot = await services.models.snapshot(kept.options.model_copy(update=same_models))
    return await services.runs.retry(request_id, snapshot.model_copy(update={"options": kept.options, "moment": kept.moment}))
