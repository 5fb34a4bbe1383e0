"""Cuts the video's final moments again where they have no clip or one with other bounds, after a user moved a boundary."""

from __future__ import annotations

from videomoments.pipeline.checkpoints import Recut
from videomoments.pipeline.delivery import deliver
from videomoments.pipeline.stage import Outcome, StageContext


async def recut(context: StageContext) -> Outcome:
    """Cuts missing and outdated clips; clips that still hold their moment stay. Rejected moments get none. Raises MomentsError where none
    can be cut, because nothing else was asked for."""
    views = await context.services.moments.of_video(context.claim.video_id)
    wanted = [view for view in views if view.moment.review != "rejected"]
    delivered = await deliver(context, wanted)
    delivered.raise_if_none()
    return Outcome(Recut(delivered=delivered.clips), delivered.message)
