"""Stage 8 of a run for one moment: a model sets its boundaries anew, in place of its refined form, and its clip is cut again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.pipeline.delivery import deliver
from videomoments.pipeline.refining import input_clips, material_of, refine_one
from videomoments.pipeline.stage import Outcome, StageContext

_REFINED = 0.6


async def refine_again(context: StageContext) -> Outcome:
    """Unlike in a run for all moments a model that fails fails the run: nothing else was asked for. Raises `ModelError`, and `Conflict`
    (`moment_edited`) when a person edits the moment meanwhile."""
    [moment] = await context.originals()
    assert moment.run_id is not None  # what no run found is a person's own
    neighbours = await context.services.moments.originals(moment.run_id)
    clips = await input_clips(context, [moment])
    await refine_one(context, moment, clips.get(moment.id), await material_of(context, neighbours))
    if context.options.clips != "deliver":
        return Outcome({"moments": 1, "delivered": 0})
    context.report(_REFINED)
    views = await context.services.moments.of_run(moment.run_id)
    mine = [view for view in views if view.parent is not None and view.parent.id == moment.id]
    return Outcome({"moments": 1, "delivered": await deliver(context, mine, start=_REFINED)})


async def again_inputs(context: StageContext) -> Mapping[str, Any]:
    return {
        "moment": context.snapshot.moment,
        "clips": context.checkpoints.get(StageName.CLIP_EXTRACTION),
        "model": context.snapshot.refinement.model_dump(mode="json"),
        "deliver": context.options.clips,
    }
