"""Makes JPEG stills. Runs only in the child."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import av.error
from av.codec import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.failures import ends_the_job
from videomoments.media.progress import Progress
from videomoments.media.reading.pictures import Pictures
from videomoments.media.reading.shaping import Shaper, fitted
from videomoments.media.types import MediaInfo, ThumbnailImage, ThumbnailRequest, VideoStream

LONGEST_SIDE = 640
# Where to search for a picture that shows something, as shares of the duration, and how bright its mean luma must be (16 is black).
_CANDIDATES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.0)
_DARK = 28


def thumbnails(source: Path, requests: Sequence[ThumbnailRequest], info: MediaInfo, progress: Progress) -> Iterator[ThumbnailImage]:
    """Writes one JPEG per request, through one open container. When one of several requests has no picture that decodes, it yields none for
    that request."""
    assert info.video is not None
    pictures = Pictures(source, info)
    shaper = pictures.shaper(info.video, *fitted(info.video, LONGEST_SIDE), "yuvj420p")
    for number, request in enumerate(requests):
        progress(number / len(requests))
        try:
            yield _thumbnail(pictures, shaper, request, info)
        except (UnsupportedMedia, ValueError, av.error.FFmpegError) as error:
            if len(requests) == 1 or ends_the_job(error):
                raise


def _thumbnail(pictures: Pictures, shaper: Shaper, request: ThumbnailRequest, info: MediaInfo) -> ThumbnailImage:
    assert info.video is not None
    found = _brightest(pictures, info) if request.time is None else _picture(pictures, info.video, request.time, request.tolerance)
    if found is None:
        raise UnsupportedMedia("No picture of the file decodes.", code="unsupported_codec")
    at, frame = found
    data = _jpeg(shaper(frame))
    request.target.write_bytes(data)
    return ThumbnailImage(request.key, request.target, max(at, 0.0), shaper.width, shaper.height, len(data))


def _picture(pictures: Pictures, video: VideoStream, at: float, tolerance: float) -> tuple[float, VideoFrame] | None:
    """Returns the picture at `at` seconds, or a keyframe within `tolerance` of it, or the last picture that decodes before it. None where
    nothing decodes."""
    at = min(max(at, 0.0), video.end)
    near = _keyframe_near(video, at, tolerance)
    if near is not None:
        return pictures.keyframe_before(near)
    last = None
    half = 0.5 / video.fps
    for last in pictures.frames_from(at):
        if last[0] >= at - half:
            break
    return last


def _keyframe_near(video: VideoStream, at: float, tolerance: float) -> float | None:
    if not video.keyframes:
        return None
    after = bisect_right(video.keyframes, at)
    near = min(video.keyframes[max(after - 1, 0) : after + 1], key=lambda keyframe: abs(keyframe - at))
    # Half a frame later is still within that frame, and safe from rounding.
    return near + 0.5 / video.fps if abs(near - at) <= tolerance else None


def _brightest(pictures: Pictures, info: MediaInfo) -> tuple[float, VideoFrame] | None:
    """Returns the first candidate that is not black, else the brightest of them. None where none decodes."""
    assert info.video is not None
    best: tuple[float, VideoFrame] | None = None
    best_light = -1.0
    for share in _CANDIDATES:
        found = pictures.keyframe_before(info.video.start + info.video.duration * share)
        if found is None:
            continue
        light = _light(found[1])
        if light > _DARK:
            return found
        if light > best_light:
            best, best_light = found, light
    return best


def _light(frame: VideoFrame) -> float:
    """Returns the mean luma, 0 to 255."""
    plane = frame.reformat(width=64, height=36, format="gray").planes[0]
    rows = bytes(plane)
    return sum(sum(rows[row * plane.line_size : row * plane.line_size + 64]) for row in range(36)) / (64 * 36)


def _jpeg(frame: VideoFrame) -> bytes:
    """Returns the frame as JPEG, encoded by the codec itself: a muxer would treat the file's name as a pattern."""
    encoder = CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base = frame.time_base or encoder.time_base
    encoder.options = {"q": "4"}
    encoder.qmin, encoder.qmax = 3, 5
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
