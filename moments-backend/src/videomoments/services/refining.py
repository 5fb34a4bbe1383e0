"""Starts a run that refines: one moment with another model or another try, or what an earlier run left unrefined."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from videomoments.core.errors import Conflict, NotFound, RunActive
from videomoments.core.names import RunKind
from videomoments.db.tables import Run
from videomoments.services.models import Job
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services

# The models that found the moments are not needed, and may be gone by now.
_ASKED: tuple[Job, ...] = ("refinement",)
_UNASKED = {"generation_model": None, "transcription_model": None, "refresh": False}


@dataclass(frozen=True, slots=True)
class Refinement:
    """What to change; None means the default. All else is as in the run that found the moment."""

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    clips: Literal["deliver", "none"] = "deliver"


async def refine_moment(
    services: Services, video_id: str, moment_id: str, wanted: Refinement, *, idempotency_key: str | None = None
) -> Accepted:
    """Starts a run that refines one moment, named by its original or its refined form.

    Raises:
        NotFound: no such video or moment.
        Conflict: a user made or edited it (`moment_edited`), a run of the video is active (`run_active`), or the key started something else
            (`idempotency_key_reused`).
        InvalidInput, TooMany: as every start.
    """
    original, run = await services.moments.refinable(video_id, moment_id)
    snapshot = await services.models.snapshot(_options(run, wanted), asked=_ASKED)
    snapshot = snapshot.model_copy(update={"moment": original.identifier})
    # Acceptance itself refuses the other kinds, except a replay of the same key.
    await _refuse_beside_active(services, video_id, only=RunKind.CLIPS)
    accepted = await services.runs.accept(video_id, snapshot, kind=RunKind.REFINE, idempotency_key=idempotency_key)
    if accepted.replayed:
        started = await services.run_queries.get(accepted.request_id)
        if started.config.get("moment") != original.identifier:
            raise Conflict("This idempotency key has started something else.", code="idempotency_key_reused", advice="Use a new key.")
    return accepted


async def refine_rest(services: Services, run: RunView, earlier: RunSnapshot) -> Accepted:
    """Starts a run for the moments that a completed `run` could not refine and that no user edited or deleted since. It uses that run's
    options (`earlier`), and its model as configured now. The completed run stays as it is.

    Raises:
        Conflict: nothing is left (`nothing_to_refine`), or a run of the video is active (`run_active`).
        InvalidInput, NotFound, TooMany: as every start.
    """
    await _refuse_beside_active(services, run.video_id)
    refined, moments = await services.moments.unrefined(run.request_id)
    if not moments:
        raise Conflict(
            "This run is completed, and no moment of it is left to refine: each is refined, was edited by a person, or is deleted.",
            code="nothing_to_refine",
            advice="To have one moment's boundaries set anew, refine that one; to look for other moments, generate again.",
        )
    options = earlier.options.model_copy(update={"refinement_model": earlier.refinement.key} | _UNASKED)
    snapshot = await services.models.snapshot(options, asked=_ASKED)
    these = {"refines": refined, "moments": tuple(moment.identifier for moment in moments)}
    return await services.runs.accept(run.video_id, snapshot.model_copy(update=these), kind=RunKind.REFINE)


def _options(run: Run, wanted: Refinement) -> RunOptions:
    try:
        earlier = RunSnapshot.model_validate(run.config).options
    except ValidationError:  # stored by an earlier version
        earlier = RunOptions()
    changed = {"refinement_model": wanted.model, "temperature": wanted.temperature, "top_p": wanted.top_p, "top_k": wanted.top_k}
    return earlier.model_copy(update=changed | _UNASKED | {"clips": wanted.clips})


async def _refuse_beside_active(services: Services, video_id: str, *, only: RunKind | None = None) -> None:
    """Refuses to refine beside a run of the kind `only` (None: any). The unique index allows a run that cuts clips beside it, but both
    would cut, and overwrite each other's mirror in Redis."""
    with suppress(NotFound):
        latest = await services.run_queries.latest(video_id)
        if latest.status.active and only in (None, latest.kind):
            raise RunActive(latest.request_id, latest.status)
