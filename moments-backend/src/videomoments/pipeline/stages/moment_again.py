"""Stage 8 of a run that refines moments of another run, one of them or all that stayed unrefined: a model sets boundaries, clips are
cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.inference.dialect import not_sent
from videomoments.pipeline.delivery import Delivered, deliver
from videomoments.pipeline.refinement_calls import input_clips, material_of, refine_each, refined
from videomoments.pipeline.stage import Outcome, StageContext
from videomoments.services.unrefined import Unrefined

_REFINED = 0.6


async def refine_again(context: StageContext) -> Outcome:
    """Refines the moments. Unlike in a run for all moments, a model that refines none fails the run, because nothing else was asked for.
    Raises `ModelError`, and `Conflict` (`moment_edited`) when a user meanwhile edits the moment that the run was started for."""
    moments = await context.originals()
    found_by = moments[0].run_id
    assert found_by is not None  # a moment without a run is a user's own
    material = await material_of(context, await context.services.moments.originals(found_by))
    # The moment that a user chose is refined again. Of those left unrefined, an earlier attempt may have refined some.
    done = set() if context.snapshot.moment else await _refined(context, found_by)
    waiting = [moment for moment in moments if moment.id not in done]
    failures = await refine_each(context, waiting, await input_clips(context, waiting), material, share=_REFINED)
    chosen = {moment.id for moment in moments}
    mine = [view for view in await context.services.moments.of_run(found_by) if view.parent is not None and view.parent.id in chosen]
    if failures and (context.snapshot.moment or not mine):
        raise failures[0]
    delivered = await deliver(context, mine, start=_REFINED) if context.options.clips == "deliver" else Delivered(0)
    remark = not_sent(context.snapshot.refinement.key, material.unsent)
    return refined(Unrefined.of(failures, len(moments)), delivered, moments=len(moments), remark=remark)


async def _refined(context: StageContext, run_id: int) -> set[int]:
    """Returns the ids of that run's originals that have a refined form."""
    return {view.parent.id for view in await context.services.moments.of_run(run_id) if view.parent is not None}


async def again_inputs(context: StageContext) -> Mapping[str, Any]:
    return {
        "moments": context.snapshot.moments or context.snapshot.moment,
        "clips": context.checkpoints.get(StageName.CLIP_EXTRACTION),
        "model": context.snapshot.refinement.model_dump(mode="json"),
        "deliver": context.options.clips,
    }
