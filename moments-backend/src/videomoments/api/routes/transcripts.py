"""/api/videos/{id}/transcript: the transcript of a video, and the runs that make it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from videomoments.api.conditional import Tagged, matches
from videomoments.api.declarations import READ, STARTS_RUN, WRITE, declare
from videomoments.api.deps import ApiDeps, Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.schemas.editing import EditTranscript
from videomoments.api.schemas.moments import TranscriptOut
from videomoments.api.schemas.runs import AcceptedOut, StartOptions
from videomoments.api.versions import ETAG, IfMatchHeader, Precondition, or_current
from videomoments.core.errors import NotFound
from videomoments.core.names import RunKind
from videomoments.services.editing import WordChange
from videomoments.services.options import RunOptions

router = APIRouter(prefix="/api/videos/{video_id}/transcript", tags=["transcripts"])


@router.get(
    "",
    operation_id="get_transcript",
    response_model=TranscriptOut,
    responses=responses(404, 422, 503, also={200: {"headers": ETAG}, 304: {"description": "Unchanged"}}),
)
@declare(READ)
async def get_transcript(deps: Deps, video_id: VideoId, request: Request) -> Response:
    """Returns the transcript with the times of its words."""
    found = await deps.services.transcripts.of_video(video_id)
    if found is None:
        await deps.services.videos.get(video_id)
        raise NotFound("This video has no transcript yet.", code="transcript_not_found", advice="Start a run: its fourth stage makes it.")
    tag = TranscriptOut.tag_of(found)
    if matches(request.headers.get("if-none-match"), tag):  # the body of a long recording takes much longer than its tag
        return Tagged(b"", tag).answer(request)
    return Tagged(TranscriptOut.of(video_id, found).model_dump_json().encode(), tag).answer(request)


@router.patch("", operation_id="edit_transcript", responses=responses(404, 409, 412, 422, 503, also={200: {"headers": ETAG}}))
@declare(WRITE)
async def edit_transcript(
    deps: Deps, video_id: VideoId, body: EditTranscript, response: Response, if_match: IfMatchHeader = None
) -> TranscriptOut:
    """Corrects words; their times stay. Text and segments are corrected with them. With If-Match, only the version that it names is
    corrected."""
    changes = [WordChange(word.index, word.was, word.word) for word in body.words]
    guard = Precondition(if_match).guard(TranscriptOut.tag_of)
    await or_current(deps.services.editing.correct_words(video_id, changes, guard=guard), partial(_current, deps, video_id))
    shown, response.headers["ETag"] = await _current(deps, video_id)
    return shown


async def _current(deps: ApiDeps, video_id: str) -> tuple[TranscriptOut, str]:
    found = await deps.services.transcripts.of_video(video_id)
    if found is None:
        raise NotFound("This video has no transcript yet.", code="transcript_not_found")
    shown = TranscriptOut.of(video_id, found)
    return shown, shown.etag


@router.post("/extract-audio", operation_id="extract_video_audio", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def extract_audio(deps: Deps, video_id: VideoId, response: Response) -> AcceptedOut:
    """Starts a run that downloads the video if it is not stored, and extracts its audio and waveform. It uses no model."""
    accepted = await deps.services.runs.accept(video_id, await deps.services.models.snapshot(RunOptions()), kind=RunKind.AUDIO)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)


@router.post("/transcribe", operation_id="transcribe_video", status_code=202, responses=responses(404, 409, 422, 429, 503))
@declare(STARTS_RUN)
async def transcribe(deps: Deps, video_id: VideoId, response: Response, options: StartOptions | None = None) -> AcceptedOut:
    """Starts a run that downloads the video if it is not stored, and transcribes it. It looks for no moments."""
    snapshot = await deps.services.models.snapshot((options or StartOptions()).options())
    accepted = await deps.services.runs.accept(video_id, snapshot, kind=RunKind.TRANSCRIBE)
    response.headers["Location"] = f"/api/pipeline/{video_id}/status"
    return AcceptedOut.of(accepted)
