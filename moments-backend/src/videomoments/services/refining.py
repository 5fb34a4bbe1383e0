"""Starting a run for one moment: another model, or another try, at its boundaries."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from videomoments.core.errors import Conflict, NotFound
from videomoments.core.names import RunKind
from videomoments.db.tables import Run
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services


@dataclass(frozen=True, slots=True)
class Refinement:
    """What is wanted of it; None means the default. All else is as in the run that found the moment."""

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    clips: Literal["deliver", "none"] = "deliver"


async def refine_moment(
    services: Services, video_id: str, moment_id: str, wanted: Refinement, *, idempotency_key: str | None = None
) -> Accepted:
    """Starts a run that refines the one moment, which may be named by its original or its refined form.

    Raises:
        NotFound: no such video or moment.
        Conflict: a person made or edited it (`moment_edited`), a run of the video is active (`run_active`), or the key started
            something else (`idempotency_key_reused`).
        InvalidInput, TooMany: as every start.
    """
    original, run = await services.moments.refinable(video_id, moment_id)
    snapshot = await services.models.snapshot(_options(run, wanted))
    snapshot = snapshot.model_copy(update={"moment": original.identifier})
    await _refuse_beside_clips(services, video_id)
    accepted = await services.runs.accept(video_id, snapshot, kind=RunKind.REFINE, idempotency_key=idempotency_key)
    if accepted.replayed:
        started = await services.run_queries.get(accepted.request_id)
        if started.config.get("moment") != original.identifier:
            raise Conflict("This idempotency key has started something else.", code="idempotency_key_reused", advice="Use a new key.")
    return accepted


def _options(run: Run, wanted: Refinement) -> RunOptions:
    try:
        kept = RunSnapshot.model_validate(run.config).options
    except ValidationError:  # of an earlier version
        kept = RunOptions()
    changed = {"refinement_model": wanted.model, "temperature": wanted.temperature, "top_p": wanted.top_p, "top_k": wanted.top_k}
    # The models of then may be gone, and are not asked.
    unasked = {"generation_model": None, "transcription_model": None, "refresh": False}
    return kept.model_copy(update=changed | unasked | {"clips": wanted.clips})


async def _refuse_beside_clips(services: Services, video_id: str) -> None:
    """The index does not: both would cut, and take the mirror in Redis from each other."""
    with suppress(NotFound):
        latest = await services.run_queries.latest(video_id)
        if latest.status.active and latest.kind == RunKind.CLIPS:
            raise Conflict("A run of this video is active.", code="run_active", advice="Wait for it to end, then start again.")
