"""/api/generate_moments: from a URL to moments in one request."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from videomoments.api.conditional import conditional
from videomoments.api.declarations import READ, STARTS_RUN, declare
from videomoments.api.deps import Deps, RequestId
from videomoments.api.errors import responses
from videomoments.api.presenting import present_moments
from videomoments.api.routes.pipeline import IdempotencyKey, key_reused
from videomoments.api.schemas.runs import AcceptedOut, GeneratedOut, GenerateMoments, StartOptions, status_fields
from videomoments.core.errors import RunActive
from videomoments.core.names import RunStatus
from videomoments.demo import SAMPLE_TITLE, sample_path, sample_pieces
from videomoments.sources import admitted

router = APIRouter(prefix="/api/generate_moments", tags=["generate"])


@router.post("", operation_id="generate_moments", status_code=202, responses=responses(409, 422, 429, 503))
@declare(STARTS_RUN)
async def generate_moments(deps: Deps, body: GenerateMoments, response: Response, idempotency_key: IdempotencyKey = None) -> AcceptedOut:
    """Registers a URL as a video and starts the whole pipeline for it."""
    url = admitted(body.url, deps.settings)
    snapshot = await deps.services.models.snapshot(body.options())
    video, _ = await deps.services.videos.register_url(url, body.title)
    accepted = await deps.services.runs.accept(video.identifier, snapshot, idempotency_key=idempotency_key)
    if accepted.video_id != video.identifier:
        raise key_reused()
    response.headers["Location"] = f"/api/generate_moments/{accepted.request_id}"
    if accepted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return AcceptedOut.of(accepted)


@router.post("/sample", operation_id="generate_sample_moments", status_code=202, responses=responses(422, 429, 503, 507))
@declare(STARTS_RUN)
async def generate_sample_moments(deps: Deps, response: Response, options: StartOptions | None = None) -> AcceptedOut:
    """Stores the sample that comes with VideoMoments as a video, once, and starts the whole pipeline for it. While a run of it is active,
    returns that run instead of a second one."""
    snapshot = await deps.services.models.snapshot((options or StartOptions()).options())
    video, _ = await deps.uploads.keep(deps.store, sample_pieces(), file_name=sample_path().name, title=SAMPLE_TITLE)
    try:
        accepted = AcceptedOut.of(await deps.services.runs.accept(video.identifier, snapshot))
    except RunActive as active:
        accepted = AcceptedOut(request_id=active.request_id, video_id=video.identifier, status=RunStatus(active.run_status))
    response.headers["Location"] = f"/api/generate_moments/{accepted.request_id}"
    return accepted


@router.get(
    "/{request_id}",
    operation_id="get_generated_moments",
    response_model=GeneratedOut,
    responses=responses(404, 422, 503, also={304: {"description": "Unchanged"}}),
)
@declare(READ)
async def get_generated(deps: Deps, request_id: RequestId, request: Request) -> Response:
    """Returns the run's status, and its moments once it has completed."""
    run = await deps.runs.get(request_id)
    moments = None
    if run.status is RunStatus.COMPLETED:
        moments = await present_moments(deps, await deps.services.moments.of_run(run.run_id))
    return conditional(request, GeneratedOut(**status_fields(run), moments=moments))
