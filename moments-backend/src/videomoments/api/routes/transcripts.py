"""/api/videos/{id}/transcript: what is said."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from videomoments.api.conditional import conditional
from videomoments.api.deps import Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.schemas.moments import TranscriptOut
from videomoments.core.errors import NotFound

router = APIRouter(prefix="/api/videos/{video_id}/transcript", tags=["transcripts"])


@router.get(
    "",
    operation_id="get_transcript",
    response_model=TranscriptOut,
    responses=responses(404, 422, 503, also={304: {"description": "Unchanged"}}),
)
async def get_transcript(deps: Deps, video_id: VideoId, request: Request) -> Response:
    """The transcript with its word times."""
    found = await deps.services.transcripts.of_video(video_id)
    if found is None:
        await deps.services.videos.get(video_id)
        raise NotFound("This video has no transcript yet.", code="transcript_not_found", advice="Start a run: its fourth stage makes it.")
    return conditional(request, TranscriptOut.of(video_id, found))
