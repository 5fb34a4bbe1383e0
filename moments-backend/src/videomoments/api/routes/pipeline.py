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
# Printable ASCII, as the header's draft has it; ours to store, so not endless.
IdempotencyKey = Annotated[
    str | None, Header(pattern=r"^[\x21-\x7e]{1,200}$", description="The same key again answers with the run that it started.")
]


RunParameter = Annotated[str | None, Query(pattern=IDENTIFIER, description="The run that is meant, if it may no longer be the newest.")]


@router.get("", operation_id="list_runs", responses=responses(422, 503))
@declare(READ)
async def list_runs(
    deps: Deps,
    status: RunStatus | None = None,
    kind: RunKind | None = None,
    stalled: Annotated[bool | None, Query(description="Active, but no worker is at it.")] = None,
    error_code: Annotated[str | None, Query(pattern="^[a-z0-9_]{1,64}$", description="`dead_letter`: it ended its workers.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Accepted then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Accepted before.")] = None,
    dismissed: Annotated[bool, Query(description="Those that were dismissed, instead of the others.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunOut]:
    """The runs of all videos, newest first, without those that were dismissed."""
    before = cursors.decode_time(cursor) if cursor is not None else None
    wanted = RunFilter(status, kind, stalled, error_code, since, until, dismissed)
    return _page(await deps.runs.page(wanted, before=before, limit=limit + 1), limit)


@router.post("/{video_id}/start", operation_id="start_run", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def start_run(
    deps: Deps, video_id: VideoId, response: Response, options: StartOptions | None = None, idempotency_key: IdempotencyKey = None
) -> AcceptedOut:
    """Starts the pipeline. 202 means that the run is durable; poll its status every two seconds."""
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
    """The newest run of the video, as it was within the last second. Send its ETag back, and no change costs a 304."""

    async def read() -> Status:
        run = await _latest(deps, video_id)
        return Status(Tagged.of(StatusOut.of(run)), run.status.active)

    return (await deps.statuses.load(video_id, read)).answer(request)


@router.post("/{video_id}/cancel", operation_id="cancel_run", status_code=202, responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def cancel_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> AcceptedOut:
    """Cancels the active run. A queued one has ended when this answers; a worker ends its own within two seconds."""
    run = await _meant(deps, video_id, request_id)
    if not run.status.active:
        raise Conflict(f"The run has ended already: it is {run.status}.", code="run_not_active")
    status = await deps.services.runs.request_cancel(run.request_id)
    return AcceptedOut(request_id=run.request_id, video_id=video_id, status=status)


@router.post("/{video_id}/retry", operation_id="retry_run", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def retry(deps: Deps, video_id: VideoId, response: Response, request_id: RunParameter = None) -> AcceptedOut:
    """Takes up a run that failed or was cancelled where it ended; finished stages are not repeated, and it keeps its request id. A
    completed run that left moments unrefined stays as it is: a new run, of the kind `refine`, refines those that are so still and that no
    person edited. 409 `nothing_to_refine` where none is."""
    run = await _meant(deps, video_id, request_id)
    accepted = await retry_run(deps.services, run.request_id)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)


@router.post("/{video_id}/dismiss", operation_id="dismiss_run", responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def dismiss_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> DismissedOut:
    """Takes a run that failed or was cancelled off all lists; its video's history keeps it. `undismiss` undoes it, and so does a retry."""
    run = await _meant(deps, video_id, request_id)
    dismissed = await deps.services.dismissal.dismiss(run.request_id)
    return DismissedOut(request_id=run.request_id, video_id=video_id, dismissed_at=dismissed)


@router.post("/{video_id}/undismiss", operation_id="undismiss_run", responses=responses(404, 422, 503))
@declare(WRITE)
async def undismiss_run(deps: Deps, video_id: VideoId, request_id: RunParameter = None) -> DismissedOut:
    """Lists show a dismissed run again."""
    run = await _meant(deps, video_id, request_id)
    await deps.services.dismissal.bring_back(run.request_id)
    return DismissedOut(request_id=run.request_id, video_id=video_id, dismissed_at=None)


@router.post("/dismiss", operation_id="dismiss_failed_runs", responses=responses(503))
@declare(WRITE)
async def dismiss_failed_runs(deps: Deps) -> DismissedAllOut:
    """Takes every failed run off all lists, and says which they were."""
    return DismissedAllOut(request_ids=await deps.services.dismissal.dismiss_failed())


@router.get("/{video_id}/history", operation_id="list_video_runs", responses=responses(404, 422, 503))
@declare(READ)
async def get_history(deps: Deps, video_id: VideoId, cursor: Cursor = None, limit: Limit = 50) -> Page[RunOut]:
    """The runs of one video, newest first, dismissed ones too."""
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
    """The run of that id, or the newest. Raises NotFound for a run of another video."""
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
