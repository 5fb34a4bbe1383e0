"""/api/videos/{id}/waveform, /silences and /shots: what a timeline draws, and the times that a boundary snaps to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from videomoments.api.declarations import READ, declare
from videomoments.api.deps import Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.schemas.timeline import ShotsOut, SilencesOut, WaveformOut
from videomoments.services.waveforms import read_silences, read_waveform

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("/{video_id}/waveform", operation_id="get_waveform", responses=responses(404, 422, 503))
@declare(READ)
async def get_waveform(
    deps: Deps,
    video_id: VideoId,
    start: Annotated[float, Query(ge=0, le=1e7, description="Start, in seconds.")] = 0.0,
    end: Annotated[float | None, Query(ge=0, le=1e7, description="End, in seconds. Default: the end of the recording.")] = None,
    points: Annotated[int, Query(ge=1, le=8000, description="Maximum number of pairs (lowest and highest sample).")] = 1000,
) -> WaveformOut:
    """Returns the waveform from `start` to `end`. The finest step is 10 ms."""
    video = await deps.services.videos.get(video_id)
    return WaveformOut.of(await read_waveform(deps.store, video.audio_url, start=start, end=end, points=points))


@router.get("/{video_id}/shots", operation_id="list_shots", responses=responses(404, 422, 503))
@declare(READ)
async def list_shots(deps: Deps, video_id: VideoId) -> ShotsOut:
    """Returns the changes of scene. The list is empty where the source has no video or no change of scene, or is not downloaded yet."""
    return ShotsOut.of((await deps.services.videos.get(video_id)).media_info)


@router.get("/{video_id}/silences", operation_id="list_silences", responses=responses(404, 422, 503))
@declare(READ)
async def list_silences(deps: Deps, video_id: VideoId) -> SilencesOut:
    """Returns the quiet stretches, exact to 10 ms. The list is empty before the audio has been extracted."""
    video = await deps.services.videos.get(video_id)
    return SilencesOut.of(await read_silences(deps.store, video.audio_url))
