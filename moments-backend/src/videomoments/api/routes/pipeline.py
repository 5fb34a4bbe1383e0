"""/api/pipeline: runs of a video: start, status, cancel, retry, history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AwareDatetime

from videomoments.api import cursors
from videomoments.api.conditional import Tagged
from videomoments.api.declarations import READ, STARTS_RUN, WRITE, declare
from videomoments.api.deps import IDENTIFIER, ApiDeps, Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.recent_statuses import Status
from videomoments.api.schemas.common import Page
from videomoments.api.schemas.runs import AcceptedOut, DismissedAllOut, DismissedOut, RunOut, StartOptions, StatusOut
from videomoments.core.errors import Conflict, NotFound
from videomoments.core.names import RunKind, RunStatus
from videomoments.services.retrying import retry_run
from videomoments.services.run_queries import RunFilter, RunView

router = APIRouter(prefix="/api/pipeline", tags=["pipeline"])

Cursor = Annotated[str | None, Query(max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=100)]
# Printable ASCII, as in the header's draft. Its length is limited because it is stored.
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[\x21-\x7e]{1,200}$", description="A repeated request with the same key returns the run that the first one started."),
]


RunParameter = Annotated[
    str | None, Query(pattern=IDENTIFIER, description="The run's request id, if it may no longer be the newest run. Default: the newest.")
]


@router.get("", operation_id="list_runs", responses=responses(422, 503))
@declare(READ)
async def list_runs(
    deps: Deps,
    status: RunStatus | None = None,
    kind: RunKind | None = None,
    stalled: Annotated[
        bool | None, Query(description="`true`: only active runs that no worker processes; `false`: only the others.")
    ] = None,
    error_code: Annotated[
        str | None, Query(pattern="^[a-z0-9_]{1,64}$", description="Code of the error. `dead_letter`: the run ended its workers.")
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="Accepted at this time or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Accepted before this time.")] = None,
    dismissed: Annotated[bool, Query(description="Return only dismissed runs.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunOut]:
    """Returns the runs of all videos, newest first, without dismissed ones."""
    before = cursors.decode_time(cursor) if cursor is not None else None
    wanted = RunFilter(status, kind, stalled, error_code, since, until, dismissed)
    return _page(await deps.runs.page(wanted, before=before, limit=limit + 1), limit)


@router.post("/{video_id}/start", operation_id="start_run", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def start_run(
    deps: Deps, video_id: VideoId, response: Response, options: StartOptions | None = None, idempotency_key: IdempotencyKey = None
) -> AcceptedOut:
    """Starts the pipeline. 202 means that the run is stored and will survive a restart; poll its status every two seconds."""
    snapshot = await deps.services.models.snapshot((options or StartOptions()).options())
    accepted = await deps.services.runs.accept(video_id, snapshot, idempotency_key=idempotency_key)
    if accepted.video_id != video_id:
        raise key_reused()
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    if accepted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return AcceptedOut.of(accepted)


@router.get(
    "/{video_id}/status",
    operation_id="get_run_status",
    response_model=StatusOut,
    responses=responses(404, 422, 503, also={304: {"description": "Unchanged"}}),
)
@declare(READ)
async def get_status(deps: Deps, video_id: VideoId, request: Request) -> Response:
    """Returns the newest run of the video, at most one second old. Send the ETag as If-None-Match: an unchanged status is a 304."""

    async def read() -> Status:
        run = await _latest(deps, video_id)
        return Status(Tagged.of(StatusOut.of(run)), run.status.active)

    return (await deps.statuses.load(video_id, read)).answer(request)


@router.post("/{video_id}/cancel", operation_id="cancel_run", status_code=202, responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def cancel_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> AcceptedOut:
    """Cancels the active run. A queued run has ended when this returns; a run that a worker processes ends within two seconds."""
    run = await _meant(deps, video_id, request_id)
    if not run.status.active:
        raise Conflict(f"The run has ended already: it is {run.status}.", code="run_not_active")
    status = await deps.services.runs.request_cancel(run.request_id)
    return AcceptedOut(request_id=run.request_id, video_id=video_id, status=status)


@router.post("/{video_id}/retry", operation_id="retry_run", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def retry(deps: Deps, video_id: VideoId, response: Response, request_id: RunParameter = None) -> AcceptedOut:
    """Continues a failed or cancelled run at the stage where it ended. It does not repeat completed stages, and the request id stays the
    same. For a completed run with unrefined moments, starts a new run of the kind `refine` for those that are still unrefined and that no
    user edited; 409 `nothing_to_refine` where there are none."""
    run = await _meant(deps, video_id, request_id)
    accepted = await retry_run(deps.services, run.request_id)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)


@router.post("/{video_id}/dismiss", operation_id="dismiss_run", responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def dismiss_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> DismissedOut:
    """Hides a failed or cancelled run from all lists; its video's history still shows it. `undismiss` and a retry undo this."""
    run = await _meant(deps, video_id, request_id)
    dismissed = await deps.services.dismissal.dismiss(run.request_id)
    return DismissedOut(request_id=run.request_id, video_id=video_id, dismissed_at=dismissed)


@router.post("/{video_id}/undismiss", operation_id="undismiss_run", responses=responses(404, 422, 503))
@declare(WRITE)
async def undismiss_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> DismissedOut:
    """Shows a dismissed run in lists again."""
    run = await _meant(deps, video_id, request_id)
    await deps.services.dismissal.bring_back(run.request_id)
    return DismissedOut(request_id=run.request_id, video_id=video_id, dismissed_at=None)


@router.post("/dismiss", operation_id="dismiss_failed_runs", responses=responses(503))
@declare(WRITE)
async def dismiss_failed_runs(deps: Deps) -> DismissedAllOut:
    """Hides every failed run from all lists, and returns their request ids."""
    return DismissedAllOut(request_ids=await deps.services.dismissal.dismiss_failed())


@router.get("/{video_id}/history", operation_id="list_video_runs", responses=responses(404, 422, 503))
@declare(READ)
async def get_history(deps: Deps, video_id: VideoId, cursor: Cursor = None, limit: Limit = 50) -> Page[RunOut]:
    """Returns the runs of one video, newest first, including dismissed ones."""
    before = cursors.decode_time(cursor) if cursor is not None else None
    found = await deps.runs.history(video_id, before=before, limit=limit + 1)
    if not found:
        await deps.services.videos.get(video_id)
    return _page(found, limit)


def key_reused() -> Conflict:
    return Conflict(
        "This Idempotency-Key was used for another video.", code="idempotency_key_reused", advice="Use a fresh key for each new request."
    )


def _page(found: list[RunView], limit: int) -> Page[RunOut]:
    more = cursors.encode(found[limit - 1].created_at.isoformat(), found[limit - 1].run_id) if len(found) > limit else None
    return Page(items=[RunOut.of(run) for run in found[:limit]], next_cursor=more)


async def _meant(deps: ApiDeps, video_id: str, request_id: str | None) -> RunView:
    """Returns the run with that request id, or the newest run. Raises NotFound for a run of another video."""
    run = await deps.runs.get(request_id) if request_id else await _latest(deps, video_id)
    if run.video_id != video_id:
        raise NotFound("There is no such run of this video.", code="run_not_found")
    return run


async def _latest(deps: ApiDeps, video_id: str) -> RunView:
    try:
        return await deps.runs.latest(video_id)
    except NotFound:
        await deps.services.videos.get(video_id)
        raise
