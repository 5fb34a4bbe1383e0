"""/api/videos/{id}/waveform, /silences and /shots: what a timeline draws, and what a boundary snaps to."""

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
    start: Annotated[float, Query(ge=0, le=1e7, description="Seconds.")] = 0.0,
    end: Annotated[float | None, Query(ge=0, le=1e7, description="Seconds; the end of the recording if left out.")] = None,
    points: Annotated[int, Query(ge=1, le=8000, description="At most so many pairs.")] = 1000,
) -> WaveformOut:
    """The waveform of a stretch, at any zoom: the finest step is 10 ms."""
    video = await deps.services.videos.get(video_id)
    return WaveformOut.of(await read_waveform(deps.store, video.audio_url, start=start, end=end, points=points))


@router.get("/{video_id}/shots", operation_id="list_shots", responses=responses(404, 422, 503))
@declare(READ)
async def list_shots(deps: Deps, video_id: VideoId) -> ShotsOut:
    """The changes of scene. Empty where the video has none, has no pictures, or has not been downloaded."""
    return ShotsOut.of((await deps.services.videos.get(video_id)).media_info)


@router.get("/{video_id}/silences", operation_id="list_silences", responses=responses(404, 422, 503))
@declare(READ)
async def list_silences(deps: Deps, video_id: VideoId) -> SilencesOut:
    """Where nobody speaks, exact to 10 ms. Empty where the audio has not been extracted."""
    video = await deps.services.videos.get(video_id)
    return SilencesOut.of(await read_silences(deps.store, video.audio_url))
