"""/api/videos/{id}/clips and …/extract-clips: the clips of the final moments."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Response

from videomoments.api.declarations import READ, STARTS_RUN, declare
from videomoments.api.deps import ApiDeps, Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.presenting import present_clip
from videomoments.api.schemas.common import Page
from videomoments.api.schemas.moments import ClipAvailability, ClipsAvailability, MomentClip
from videomoments.api.schemas.runs import AcceptedOut, StartOptions
from videomoments.core.errors import NotFound, RunActive
from videomoments.core.names import RunKind
from videomoments.services.moments import MomentView

router = APIRouter(prefix="/api/videos/{video_id}", tags=["clips"])


@router.get("/clips", operation_id="list_clips", responses=responses(404, 422, 503))
@declare(READ)
async def list_clips(deps: Deps, video_id: VideoId) -> Page[MomentClip]:
    """Returns the delivered clips of the final moments, in time order, with signed addresses."""
    views, stills = await _final(deps, video_id)
    shown = [(view, await present_clip(deps, view, stills)) for view in views]
    return Page(
        items=[MomentClip(moment_id=view.moment.identifier, title=view.moment.title, clip=clip) for view, clip in shown if clip is not None]
    )


@router.get("/extract-clips", operation_id="get_clips_availability", responses=responses(404, 422, 503))
@declare(READ)
async def get_availability(deps: Deps, video_id: VideoId) -> ClipsAvailability:
    """Returns which of the final moments have a clip."""
    views, stills = await _final(deps, video_id)
    items = []
    for view in views:
        clip = await present_clip(deps, view, stills)
        items.append(ClipAvailability(moment_id=view.moment.identifier, available=clip is not None, clip=clip))
    return ClipsAvailability(video_id=video_id, total=len(items), available=sum(item.available for item in items), items=items)


@router.post("/extract-clips", operation_id="extract_clips", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def extract_clips(deps: Deps, video_id: VideoId, response: Response) -> AcceptedOut:
    """Starts a run that cuts a clip of each final moment that has none, or whose boundaries were changed after the cut. Rejected moments
    get no clip."""
    await deps.services.videos.get(video_id)
    with suppress(NotFound):
        if (latest := await deps.runs.latest(video_id)).status.active:
            raise RunActive(latest.request_id, latest.status, advice="Its end cuts the clips; ask again then.")
    snapshot = await deps.services.models.snapshot(StartOptions().options())
    accepted = await deps.services.runs.accept(video_id, snapshot, kind=RunKind.CLIPS)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)


async def _final(deps: ApiDeps, video_id: str) -> tuple[list[MomentView], dict[int, str]]:
    views = await deps.services.moments.of_video(video_id)
    return views, await deps.videos.clip_thumbnails([view.clip.id for view in views if view.clip])
