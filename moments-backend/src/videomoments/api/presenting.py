"""Turns rows into what the API shows: with signed addresses in place of object keys."""

from __future__ import annotations

from collections.abc import Sequence

from videomoments.api.deps import ApiDeps
from videomoments.api.schemas.common import ObjectUrl
from videomoments.api.schemas.moments import ClipOut, MomentOut
from videomoments.api.schemas.videos import VideoOut
from videomoments.exports.naming import readable_name
from videomoments.services.moments import MomentView
from videomoments.services.video_queries import VideoView
from videomoments.storage.layout import safe_extension


async def present_video(deps: ApiDeps, video: VideoView) -> VideoOut:
    return VideoOut.of(video, await object_url(deps, video.thumbnail))


async def present_moments(deps: ApiDeps, views: Sequence[MomentView]) -> list[MomentOut]:
    """Returns moments with their delivered clips."""
    stills = await deps.videos.clip_thumbnails([view.clip.id for view in views if view.clip])
    return [MomentOut.of(view, await present_clip(deps, view, stills)) for view in views]


async def present_clip(deps: ApiDeps, view: MomentView, stills: dict[int, str]) -> ClipOut | None:
    """Returns the view's clip, or None when a boundary was moved since it was cut. `stills` are object keys of thumbnails by clip id."""
    clip = view.current_clip
    if clip is None:
        return None
    name = readable_name(view.moment.title, fallback="clip")
    url = ObjectUrl.of(await deps.signed(clip.cloud_url))
    download = ObjectUrl.of(await deps.signed(clip.cloud_url, download_name=name + safe_extension(clip.cloud_url)))
    return ClipOut.of_clip(clip, url, download, await object_url(deps, stills.get(clip.id)))


async def object_url(deps: ApiDeps, key: str | None) -> ObjectUrl | None:
    return ObjectUrl.of(await deps.signed(key)) if key else None
