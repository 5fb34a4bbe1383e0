"""Cuts the video's final moments anew where they have no clip, or one with other bounds: what follows when a user moved a boundary."""

from __future__ import annotations

from videomoments.pipeline.checkpoints import Recut
from videomoments.pipeline.delivery import deliver
from videomoments.pipeline.stage import Outcome, StageContext


async def recut(context: StageContext) -> Outcome:
    """Clips that still hold their moment stay as they are. Rejected moments get none. Raises where not one can be cut: nothing else was
    asked for."""
    views = await context.services.moments.of_video(context.claim.video_id)
    wanted = [view for view in views if view.moment.review != "rejected"]
    delivered = await deliver(context, wanted)
    delivered.raise_if_none()
    return Outcome(Recut(delivered=delivered.clips), delivered.message)
