"""Stage 8: a model sets each moment's exact boundaries; then the final moments are cut into the clips that people keep."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.core.names import StageName
from videomoments.db.tables import Moment
from videomoments.pipeline.conditions import no_moments
from videomoments.pipeline.delivery import deliver
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.refining import input_clips, material_of, refine_one
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.pipeline.together import together

log = logging.getLogger(__name__)

# Share of the stage's progress that refining takes when clips are cut afterwards.
_REFINED = 0.4


async def refine(context: StageContext) -> Outcome:
    """A moment whose refinement fails keeps its first boundaries, and the stage says so. Raises when clips can't be cut."""
    run = context.claim.run_id
    moments = await context.services.moments.originals(run)
    done = {view.parent.id for view in await context.services.moments.of_run(run) if view.parent is not None}
    clips = await input_clips(context, moments)
    options = context.options
    material = await material_of(context, moments)
    share = _REFINED if options.clips == "deliver" else 1.0
    failures: list[str] = []
    finished = 0

    async def one(moment: Moment) -> None:
        nonlocal finished
        try:
            await refine_one(context, moment, clips.get(moment.id), material)
        except ModelError as error:
            log.warning("%s keeps its boundaries: %s", moment.identifier, error.message)
            failures.append(error.code)
        finished += 1
        context.report(share * finished / len(moments))

    await together(one(moment) for moment in moments if moment.id not in done)
    delivered = 0
    if options.clips == "deliver":
        delivered = await deliver(context, await context.services.moments.of_run(run), start=share)
    return Outcome({"moments": len(moments), "delivered": delivered}, _remark(len(moments), failures))


def _remark(moments: int, failures: list[str]) -> str | None:
    if not failures:
        return None
    return f"{len(failures)} of {moments} moments keep their first boundaries ({', '.join(sorted(set(failures)))})"


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return {
        "moments": context.checkpoints[StageName.MOMENT_GENERATION],
        "clips": context.checkpoints.get(StageName.CLIP_EXTRACTION),
        "model": context.snapshot.refinement.model_dump(mode="json"),
        "deliver": context.options.clips,
    }


MOMENT_REFINEMENT = Stage(
    name=StageName.MOMENT_REFINEMENT, run=refine, skip=no_moments, inputs=_inputs, resource=Resource.REFINEMENT, stall_seconds=900.0
)
