"""/api/videos: the library."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from videomoments.api import cursors
from videomoments.api.declarations import READ, WRITE, declare
from videomoments.api.deps import ApiDeps, Deps, VideoId
from videomoments.api.errors import responses
from videomoments.api.presenting import present_video
from videomoments.api.schemas.common import Page, Text
from videomoments.api.schemas.videos import (
    DeletedOut,
    EditVideo,
    ListedVideoOut,
    LookAtSource,
    RegisterVideo,
    SourceListOut,
    SourceOut,
    StreamOut,
    VideoOut,
    VideoStatus,
)
from videomoments.api.versions import ETAG, IfMatchHeader, Precondition, or_current, video_tag
from videomoments.core.errors import Conflict, InvalidInput, NotFound, RunActive, SourceUnavailable, TooMany
from videomoments.db.tables import Video
from videomoments.services.deletion import RESTORE_LIFE
from videomoments.services.video_queries import VideoSort, VideoView
from videomoments.sources import FetchLimits, admitted, listed
from videomoments.storage.layout import UNKNOWN_TYPE, content_type_of

router = APIRouter(prefix="/api/videos", tags=["videos"])

# Seconds; longer than a worker takes to end a cancelled run.
_PURGE_PATIENCE = 5.0
# Each request starts a process that reads the site.
_LOOKING = asyncio.Semaphore(2)
_KNOWN = {200: {"model": VideoOut, "description": "The video exists already"}}


@router.get("", operation_id="list_videos", responses=responses(422, 503))
@declare(READ)
async def list_videos(
    deps: Deps,
    q: Annotated[Text | None, Query(max_length=200, description="Text that the title or the source contains.")] = None,
    status: Annotated[VideoStatus | None, Query(description="Status of the newest run; `new` for videos without a run.")] = None,
    deleted: Annotated[bool, Query(description="Return only deleted videos that can still be restored.")] = False,
    sort: VideoSort = VideoSort.NEWEST,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[VideoOut]:
    """Returns one page of the library."""
    if cursor is not None and sort is not VideoSort.TITLE:
        cursors.decode_time(cursor)
    after = cursors.decode(cursor) if cursor is not None else None
    within = RESTORE_LIFE if deleted else None
    found = await deps.videos.page(q=q, status=status, deleted_within=within, sort=sort, after=after, limit=limit + 1)
    more = cursors.encode(found[limit - 1].sort_key, found[limit - 1].pk) if len(found) > limit else None
    return Page(items=[await present_video(deps, video) for video in found[:limit]], next_cursor=more)


@router.post("", operation_id="register_video", status_code=201, responses=responses(422, 503, also=_KNOWN))
@declare(WRITE)
async def register_video(deps: Deps, body: RegisterVideo, response: Response) -> VideoOut:
    """Registers a URL as a video; its first run downloads it. For the same URL again, returns 200 with the same video."""
    video, fresh = await deps.services.videos.register_url(admitted(body.url, deps.settings), body.title)
    response.status_code = 201 if fresh else 200
    return await _shown(deps, video.identifier)


@router.post("/list", operation_id="list_source", responses=responses(422, 429, 503))
@declare(WRITE)
async def list_source(deps: Deps, body: LookAtSource) -> SourceListOut:
    """Returns the videos of a playlist or channel, so that a user can choose. It queries the site, which may take a while."""
    url = admitted(body.url, deps.settings)
    if _LOOKING.locked():
        raise TooMany("Other addresses are being looked at.", retry_after=10)
    async with _LOOKING:
        try:
            found = await listed(url, max_videos=body.max_videos, limits=FetchLimits.of(deps.settings))
        except (SourceUnavailable, NotFound) as error:
            # The site's error concerns the address in the request, not this server.
            raise InvalidInput(error.message, code=error.code, advice=error.advice) from error
    return SourceListOut(
        title=found.title, videos=[ListedVideoOut(url=video.url, title=video.title) for video in found.videos], total=found.total
    )


@router.get("/{video_id}", operation_id="get_video", responses=responses(404, 422, 503, also={200: {"headers": ETAG}}))
@declare(READ)
async def get_video(deps: Deps, video_id: VideoId, response: Response) -> VideoOut:
    """Returns one video."""
    shown, response.headers["ETag"] = await _current(deps, video_id)
    return shown


@router.get("/{video_id}/source", operation_id="get_video_source", responses=responses(404, 422, 503))
@declare(READ)
async def get_video_source(deps: Deps, video_id: VideoId) -> SourceOut:
    """Returns what is known about the source: page, uploader, captions, audio tracks and frame rate."""
    video = await deps.services.videos.get(video_id)
    return SourceOut.of(video.media_info, await deps.services.videos.source_info(video_id))


@router.patch("/{video_id}", operation_id="edit_video", responses=responses(404, 412, 422, 503, also={200: {"headers": ETAG}}))
@declare(WRITE)
async def edit_video(deps: Deps, video_id: VideoId, body: EditVideo, response: Response, if_match: IfMatchHeader = None) -> VideoOut:
    """Changes a video's title. With If-Match, only the version that it names is changed."""
    guard = Precondition(if_match).guard(_tag)
    await or_current(deps.services.videos.rename(video_id, body.title, guard=guard), partial(_current, deps, video_id))
    shown, response.headers["ETag"] = await _current(deps, video_id)
    return shown


@router.delete("/{video_id}", operation_id="delete_video", status_code=200, responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def delete_video(
    deps: Deps,
    video_id: VideoId,
    purge: Annotated[bool, Query(description="Delete at once and for good: the video can't be restored.")] = False,
) -> DeletedOut:
    """Hides a video and cancels its runs. It can be restored for ten minutes; after that its files and rows are deleted."""
    deletion = deps.services.deletion
    if not purge:
        hidden = await deletion.hide(video_id)
        return DeletedOut(identifier=video_id, purged=False, restorable_until=hidden + RESTORE_LIFE)
    if not await deletion.purge(video_id, deps.store, patience=_PURGE_PATIENCE):
        raise await _not_purged(deps, video_id)
    return DeletedOut(identifier=video_id, purged=True, restorable_until=None)


@router.post("/{video_id}/restore", operation_id="restore_video", responses=responses(404, 409, 422, 503))
@declare(WRITE)
async def restore_video(deps: Deps, video_id: VideoId) -> VideoOut:
    """Restores a deleted video, within ten minutes. Runs that the deletion cancelled stay cancelled."""
    await deps.services.deletion.restore(video_id)
    return await _shown(deps, video_id)


@router.get("/{video_id}/stream", operation_id="get_video_stream", responses=responses(404, 422, 503))
@declare(READ)
async def get_stream(deps: Deps, video_id: VideoId) -> StreamOut:
    """Returns a signed address at which the source can be played; it serves byte ranges. Request a new one before it expires."""
    video = await deps.videos.get(video_id)
    key = _stored(video)
    signed = await deps.signed(key)
    content_type = video.content_type if video.content_type not in (None, UNKNOWN_TYPE) else content_type_of(key)
    return StreamOut(url=signed.url, expires_at=signed.expires_at, content_type=content_type or UNKNOWN_TYPE)


@router.get(
    "/{video_id}/thumbnail",
    operation_id="get_video_thumbnail",
    status_code=307,
    response_class=RedirectResponse,
    responses=responses(404, 422, 503, also={307: {"description": "The signed address of the image"}}),
)
@declare(READ)
async def get_thumbnail(deps: Deps, video_id: VideoId) -> RedirectResponse:
    """Redirects to the signed address of the video's thumbnail, a JPEG."""
    thumbnail = await deps.videos.thumbnail(video_id)
    signed = await deps.signed(thumbnail.cloud_url)
    return RedirectResponse(signed.url, 307, headers={"Cache-Control": "private, max-age=300"})


def _stored(video: VideoView) -> str:
    if video.cloud_url is None:
        raise NotFound(
            "The source is not in the store yet.", code="source_not_stored", advice="Start a run: its first stage downloads the video."
        )
    return video.cloud_url


async def _not_purged(deps: ApiDeps, video_id: str) -> Conflict:
    """Returns why a video was not removed: a worker still processes its run, or the video was restored meanwhile."""
    active = next((run for run in await deps.runs.history(video_id) if run.status.active), None)
    if active is None:
        return Conflict(
            "The video was not removed: its run has only just ended, or it was restored.", code="not_purged", advice="Ask again."
        )
    return RunActive(
        active.request_id,
        active.status,
        message=f"A run of this video has not ended yet: {active.request_id}, {active.status}.",
        advice="The video is hidden and its run cancelled; what is left goes within minutes, or ask again.",
    )


def _tag(video: Video) -> str:
    return video_tag(video.identifier, video.title)


async def _current(deps: ApiDeps, identifier: str) -> tuple[VideoOut, str]:
    shown = await _shown(deps, identifier)
    return shown, shown.etag


async def _shown(deps: ApiDeps, identifier: str) -> VideoOut:
    return await present_video(deps, await deps.videos.get(identifier))
