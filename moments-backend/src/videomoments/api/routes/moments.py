"""/api/videos/{id}/moments: what was found."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from videomoments.api.deps import Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.presenting import present_moments
from videomoments.api.schemas.common import Page
from videomoments.api.schemas.moments import MomentOut

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])


@router.get("", operation_id="list_moments", responses=responses(404, 422, 503))
async def list_moments(
    deps: Deps,
    video_id: VideoId,
    run: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="A run other than the newest completed one.")] = None,
    view: Annotated[
        Literal["final", "raw", "refined", "all"], Query(description="`final`: the refined moment where it exists, else the original.")
    ] = "final",
) -> Page[MomentOut]:
    """Moments in time order, all on one page. Empty before the first completed run."""
    views = await deps.services.moments.of_video(video_id, request_id=run, view=view)
    return Page(items=await present_moments(deps, views))
