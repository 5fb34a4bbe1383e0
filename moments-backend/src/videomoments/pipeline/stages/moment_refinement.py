"""Stage 8 asks a model for each moment's exact boundaries, then cuts the final moments into the clips that users download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.inference.dialect import not_sent
from videomoments.pipeline.conditions import no_moments
from videomoments.pipeline.delivery import Delivered, deliver
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.refinement_calls import input_clips, material_of, refine_each, refined
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.unrefined import Unrefined

# Share of the stage's progress that refining takes when clips are cut afterwards.
_REFINED = 0.4


async def refine(context: StageContext) -> Outcome:
    """Refines the moments and cuts their clips. A moment whose refinement fails keeps its first boundaries. Where a clip can't be cut, the
    reason is stored with its moment. The stage's remark says both."""
    run = context.claim.run_id
    moments = await context.services.moments.originals(run)
    done = {view.parent.id for view in await context.services.moments.of_run(run) if view.parent is not None}
    clips = await input_clips(context, moments)
    options = context.options
    material = await material_of(context, moments)
    share = _REFINED if options.clips == "deliver" else 1.0
    waiting = [moment for moment in moments if moment.id not in done]
    unrefined = Unrefined.of(await refine_each(context, waiting, clips, material, share=share), len(moments))
    delivered = Delivered(0)
    if options.clips == "deliver":
        delivered = await deliver(context, await context.services.moments.of_run(run), start=share)
    remark = not_sent(context.snapshot.refinement.key, material.unsent)
    return refined(unrefined, delivered, moments=len(moments), remark=remark)


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    moments = await context.originals()
    return {
        "moments": [[one.identifier, one.start_time, one.end_time, one.title, one.score, one.reason] for one in moments],
        "clips": context.checkpoints.get(StageName.CLIP_EXTRACTION),
        "model": context.snapshot.refinement.model_dump(mode="json"),
        "deliver": context.options.clips,
    }


MOMENT_REFINEMENT = Stage(
    name=StageName.MOMENT_REFINEMENT, run=refine, skip=no_moments, inputs=_inputs, resource=Resource.REFINEMENT, stall_seconds=900.0
)
