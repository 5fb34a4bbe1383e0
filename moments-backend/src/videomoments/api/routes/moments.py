"""/api/videos/{id}/moments: moments, and what users change of them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from videomoments.api.declarations import READ, STARTS_RUN, WRITE, declare
from videomoments.api.deps import ApiDeps, Deps, MomentId, OtherRun, VideoId
from videomoments.api.errors import responses
from videomoments.api.presenting import present_moments
from videomoments.api.routes.pipeline import IdempotencyKey
from videomoments.api.schemas.common import NothingOut
from videomoments.api.schemas.editing import CreateMoment, EditMoment
from videomoments.api.schemas.moments import MomentOut, MomentsOut
from videomoments.api.schemas.runs import AcceptedOut, RefineOptions, StartOptions
from videomoments.api.versions import ETAG, IfMatchHeader, Precondition, list_tag, moment_tag, or_current
from videomoments.core.errors import NotFound
from videomoments.core.names import RunKind
from videomoments.services.editing import MomentChange
from videomoments.services.nothing import Nothing
from videomoments.services.refining import refine_moment

router = APIRouter(prefix="/api/videos/{video_id}/moments", tags=["moments"])

_TAGGED = {200: {"headers": ETAG}}


@router.get("", operation_id="list_moments", responses=responses(404, 422, 503, also=_TAGGED))
@declare(READ)
async def list_moments(
    deps: Deps,
    video_id: VideoId,
    response: Response,
    run: OtherRun = None,
    view: Annotated[
        Literal["final", "raw", "refined", "all"], Query(description="`final`: the refined moment where there is one, else the original.")
    ] = "final",
) -> MomentsOut:
    """Returns the moments in time order, all on one page. The list is empty before the first completed run; after it, `nothing` says why
    there are none. Each moment has an `etag`; the ETag header of the final list is also valid as If-Match for each moment in it."""
    views = await deps.services.moments.of_video(video_id, request_id=run, view=view)
    response.headers["ETag"] = list_tag([found.moment for found in views])
    why = None if views else await _why_nothing(deps, video_id, run, view)
    return MomentsOut(items=await present_moments(deps, views), nothing=NothingOut.of(why))


async def _why_nothing(deps: ApiDeps, video_id: str, run: str | None, view: str) -> Nothing | None:
    if view == "refined" and await deps.services.moments.of_video(video_id, request_id=run):
        return Nothing("none_refined", "None of its moments has a refined form.")
    return await deps.services.why_nothing.of_video(video_id, request_id=run)


@router.post("", operation_id="create_moment", status_code=201, responses=responses(404, 422, 503, also={201: {"headers": ETAG}}))
@declare(WRITE)
async def create_moment(deps: Deps, video_id: VideoId, body: CreateMoment, response: Response) -> MomentOut:
    """Creates a user's own moment. Runs do not change it."""
    made = await deps.services.editing.create(video_id, title=body.title, start_time=body.start_time, end_time=body.end_time)
    response.headers["Location"] = f"/api/videos/{video_id}/moments/{made}"
    return _tagged(response, await _shown(deps, video_id, made))


@router.post("/generate", operation_id="generate_video_moments", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def generate(deps: Deps, video_id: VideoId, response: Response, options: StartOptions | None = None) -> AcceptedOut:
    """Starts a run that looks for moments again, with another prompt or model. Source, audio and transcript are reused where their inputs
    are the same; moments that a user created or edited stay."""
    snapshot = await deps.services.models.snapshot((options or StartOptions()).options())
    accepted = await deps.services.runs.accept(video_id, snapshot, kind=RunKind.GENERATE)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)


@router.post("/{moment_id}/refine", operation_id="refine_moment", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def refine(
    deps: Deps,
    video_id: VideoId,
    moment_id: MomentId,
    response: Response,
    options: RefineOptions | None = None,
    idempotency_key: IdempotencyKey = None,
) -> AcceptedOut:
    """Starts a run in which a model sets the boundaries of this moment again and its clip is cut again. 409 `moment_edited` for a moment
    that a user created or edited, because no run changes it."""
    wanted = (options or RefineOptions()).wanted()
    accepted = await refine_moment(deps.services, video_id, moment_id, wanted, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    if accepted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return AcceptedOut.of(accepted)


@router.get("/{moment_id}", operation_id="get_moment", responses=responses(404, 422, 503, also=_TAGGED))
@declare(READ)
async def get_moment(deps: Deps, video_id: VideoId, moment_id: MomentId, response: Response) -> MomentOut:
    """Returns one moment, whichever run found it."""
    return _tagged(response, await _shown(deps, video_id, moment_id))


@router.patch("/{moment_id}", operation_id="edit_moment", responses=responses(404, 412, 422, 503, also=_TAGGED))
@declare(WRITE)
async def edit_moment(
    deps: Deps, video_id: VideoId, moment_id: MomentId, body: EditMoment, response: Response, if_match: IfMatchHeader = None
) -> MomentOut:
    """Changes title, boundaries or review. After a change of boundaries the moment has no clip until it is cut again (`extract-clips`).
    With If-Match, only the version that it names is changed; without it, the current version is."""
    wanted = MomentChange(body.title, body.start_time, body.end_time, body.review)
    guard = (await _precondition(deps, video_id, moment_id, if_match)).guard(moment_tag)
    await or_current(deps.services.editing.change(video_id, moment_id, wanted, guard=guard), partial(_current, deps, video_id, moment_id))
    return _tagged(response, await _shown(deps, video_id, moment_id))


@router.delete("/{moment_id}", operation_id="delete_moment", status_code=204, responses=responses(404, 412, 422, 503))
@declare(WRITE)
async def delete_moment(deps: Deps, video_id: VideoId, moment_id: MomentId, if_match: IfMatchHeader = None) -> None:
    """Hides the moment; `restore` can undo this for ten minutes. With If-Match, only the version that it names is hidden."""
    guard = (await _precondition(deps, video_id, moment_id, if_match)).guard(moment_tag)
    await or_current(deps.services.editing.delete(video_id, moment_id, guard=guard), partial(_current, deps, video_id, moment_id))


@router.post("/{moment_id}/restore", operation_id="restore_moment", responses=responses(404, 422, 503, also=_TAGGED))
@declare(WRITE)
async def restore_moment(deps: Deps, video_id: VideoId, moment_id: MomentId, response: Response) -> MomentOut:
    """Restores a deleted moment, within ten minutes."""
    await deps.services.editing.restore(video_id, moment_id)
    return _tagged(response, await _shown(deps, video_id, moment_id))


async def _precondition(deps: ApiDeps, video_id: str, moment_id: str, if_match: str | None) -> Precondition:
    """Returns the condition of If-Match. The tag of the current list counts as the tag of this moment, because its reader has seen both."""
    asked = Precondition(if_match)
    if if_match is None:
        return asked
    own = await deps.services.moments.one(video_id, moment_id)
    if own is None or asked.allows(moment_tag(own.moment)):  # most edits name their moment's own tag, and a list may be long
        return asked
    rows = [found.moment for found in await deps.services.moments.of_video(video_id)]
    listed = next((row for row in rows if row.identifier == moment_id), None)
    if listed is not None and asked.allows(list_tag(rows)):
        return Precondition(moment_tag(listed))
    return asked


def _tagged(response: Response, shown: MomentOut) -> MomentOut:
    response.headers["ETag"] = shown.etag
    return shown


async def _current(deps: ApiDeps, video_id: str, moment_id: str) -> tuple[MomentOut, str]:
    shown = await _shown(deps, video_id, moment_id)
    return shown, shown.etag


async def _shown(deps: ApiDeps, video_id: str, moment_id: str) -> MomentOut:
    view = await deps.services.moments.one(video_id, moment_id)
    if view is None:
        raise NotFound("There is no such moment of this video.", code="moment_not_found")
    return (await present_moments(deps, [view]))[0]
