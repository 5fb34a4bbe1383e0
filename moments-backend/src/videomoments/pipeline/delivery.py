"""Cuts a run's final moments into the clips that users download: exact bounds, no padding, published one by one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from videomoments.core.errors import MomentsError, NotFound, OutOfSpace
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.types import ClipRequest, CutClip, MediaInfo, ThumbnailImage, ThumbnailRequest, Uncut
from videomoments.pipeline.gather import gather
from videomoments.pipeline.stage import StageContext, log
from videomoments.services.moments import MomentView, StoredClip
from videomoments.services.videos import StillImage
from videomoments.storage.layout import clip_key, content_type_of, thumbnail_key

_LANES = 2
# A sentence names so many moments.
_NAMED = 5
_SMALL_PIXELS = 1280 * 720


@dataclass(frozen=True, slots=True)
class Delivered:
    """Counts the moments that have their clip. `uncut` holds the title of each other moment, and why its clip can't be cut."""

    clips: int
    uncut: tuple[tuple[str, Uncut], ...] = ()

    @property
    def message(self) -> str | None:
        """Returns one sentence for users, or None where no clip is missing."""
        if not self.uncut:
            return None
        named = " ".join(f"{title}: {uncut.message}" for title, uncut in self.uncut[:_NAMED])
        more = f" And {len(self.uncut) - _NAMED} more." if len(self.uncut) > _NAMED else ""
        return f"{len(self.uncut)} of {self.clips + len(self.uncut)} clips can't be cut. {named}{more}"

    def raise_if_none(self) -> None:
        """Raises the first reason where there is no clip at all, for a run that was asked for clips alone."""
        if self.uncut and not self.clips:
            _, first = self.uncut[0]
            raise MomentsError(first.message, code=first.code, advice=first.advice)


async def deliver(context: StageContext, views: Sequence[MomentView], *, start: float = 0.0) -> Delivered:
    """Cuts clips that are missing or no longer hold their moment. Where a clip can't be cut, the reason is stored with its moment and the
    other clips are still cut. `start` is the stage's progress so far, 0 to 1."""
    missing = [view for view in views if view.current_clip is None]
    info = await context.media_info()
    source = await context.source()
    folder = context.scratch("delivered")
    extension = ".mp4" if info.has_video else ".m4a"
    requests = [
        ClipRequest(
            key=view.moment.identifier,
            interval=Interval(view.moment.start_time, view.moment.end_time),
            target=folder / (view.moment.identifier + extension),
            kind=ClipKind.DELIVERED,
        )
        for view in missing
    ]
    stills = await _stills(context, missing, info)
    by_moment = {view.moment.identifier: view for view in missing}
    lanes = _lanes(requests, info)
    done = [0.0] * len(lanes)
    uncut: list[Uncut] = []

    async def cut(number: int, lane: list[ClipRequest]) -> None:
        def report(fraction: float) -> None:
            done[number] = fraction
            context.report(start + (1.0 - start) * sum(done) / len(done))

        async with aclosing(context.adapters.media.cut(source, lane, info, on_progress=report, on_uncut=uncut.append)) as clips:
            async for clip in clips:
                await _publish(context, by_moment[clip.key], clip, stills.get(clip.key), extension)
                clip.path.unlink(missing_ok=True)

    await gather(cut(number, lane) for number, lane in enumerate(lanes))
    for failed in uncut:
        await context.services.moments.publish_uncut(context.claim, by_moment[failed.key].moment.id, failed.explanation)
    order = {view.moment.identifier: number for number, view in enumerate(missing)}
    named = sorted(uncut, key=lambda failed: order[failed.key])
    return Delivered(len(views) - len(uncut), tuple((by_moment[failed.key].moment.title, failed) for failed in named))


def _lanes(requests: list[ClipRequest], info: MediaInfo) -> list[list[ClipRequest]]:
    """Distributes the requests by length over children that cut at the same time.

    One child leaves cores idle while it decodes, so two take a third less time for small pictures. For large ones the encoder uses all
    cores by itself, and a second child would cost 200 MB.
    """
    pixels = info.video.width * info.video.height if info.has_video and info.video else 0
    lanes: list[list[ClipRequest]] = [[] for _ in range(_LANES if pixels <= _SMALL_PIXELS else 1)]
    for request in sorted(requests, key=lambda request: request.interval.duration, reverse=True):
        min(lanes, key=lambda lane: sum(other.interval.duration for other in lane)).append(request)
    return [lane for lane in lanes if lane]


async def _stills(context: StageContext, views: list[MomentView], info: MediaInfo) -> dict[str, ThumbnailImage]:
    """Makes one still per clip, in one pass over the source. Returns none for a recording without video, or where none decodes."""
    folder = context.scratch("stills")
    requests = [
        ThumbnailRequest(view.moment.identifier, folder / f"{view.moment.identifier}.jpg", view.moment.start_time, tolerance=0.0)
        for view in views
    ]
    try:
        made = await context.adapters.media.thumbnails(await context.source(), requests, info)
    except MomentsError as error:
        if error.retryable or isinstance(error, OutOfSpace | NotFound):
            raise
        # Cutting reports by itself whether a clip can be cut.
        log.warning("no stills: %s", error.message)
        return {}
    return {still.key: still for still in made}


async def _publish(context: StageContext, view: MomentView, clip: CutClip, still: ThumbnailImage | None, extension: str) -> None:
    claim = context.claim
    key = clip_key(claim.video_id, view.moment.identifier, ClipKind.DELIVERED, claim.request_id, claim.attempt, extension=extension)
    await context.put(key, clip.path, content_type_of(key))
    image = None
    if still is not None:
        image_key = thumbnail_key(claim.video_id, view.moment.identifier, claim.request_id, claim.attempt)
        await context.put(image_key, still.path, "image/jpeg")
        image = StillImage(image_key, still.time, still.width, still.height)
    stored = StoredClip(
        moment_id=view.moment.id,
        kind=ClipKind.DELIVERED,
        cloud_url=key,
        start_time=clip.start,
        end_time=clip.end,
        padding_left=clip.padding_left,
        padding_right=clip.padding_right,
        mode=clip.mode,
        size_bytes=clip.size_bytes,
        content_type=content_type_of(key),
        still=image,
    )
    await context.publish(context.services.moments.publish_clip(claim, stored), key, *([image.cloud_url] if image else []))
