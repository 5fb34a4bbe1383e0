"""Says which sources can be cut without encoding everything, by which method, and why others can't. Runs only in the child."""

from __future__ import annotations

from videomoments.media.cutting.frame_plan import FASTEST
from videomoments.media.failures import CannotCopy
from videomoments.media.reading.h264 import parameter_sets, sequence
from videomoments.media.reading.pictures import Pictures
from videomoments.media.types import MediaInfo

COPIED_CONTAINERS = ("mov", "matroska")
H264_PROFILES = {66: "baseline", 77: "main", 100: "high"}
_FORMATS = ("yuv420p", "yuvj420p")
_CUT_CONTAINERS = ("mov", "matroska", "mpegts", "flv")
_EDIT_LIST_VIDEO = ("h264", "hevc", "vp9", "libvpx-vp9", "libdav1d", "av1", "mpeg4")
_SQUARE = 1e-6
_BITS = 8
# Its pieces may have other parameters.
_SEAMS = "the file's clock begins anew inside it"


def input_copy_refusal(info: MediaInfo) -> str:
    """Returns why this source's packets can't be copied, or an empty string."""
    video = info.video
    assert video is not None
    refusals = {
        f"{video.codec} in {info.container} is not copied": video.codec != "h264" or info.container not in COPIED_CONTAINERS,
        "the source has a variable frame rate": video.vfr,
        "the source is rotated": video.rotation != 0 or video.mirrored,
        "its dynamic range is not for every decoder": video.hdr is not None,
        f"{video.pixel_format} is not for every decoder": video.pixel_format not in _FORMATS,
    }
    return _first(refusals, info)


def edit_list_refusal(info: MediaInfo) -> str:
    """Returns why no packets of this source can be copied behind an edit list, or an empty string."""
    video = info.video
    assert video is not None
    refusals = {
        f"{video.codec} in {info.container} is not copied": video.codec not in _EDIT_LIST_VIDEO or info.container not in _CUT_CONTAINERS,
        "it has more than 60 pictures a second": video.fps > FASTEST,
    }
    return _first(refusals, info)


def smart_refusal(info: MediaInfo, pictures: Pictures) -> str:
    """Returns why this source's groups of pictures can't be joined with new ones, or an empty string."""
    video = info.video
    assert video is not None
    refusals = {
        f"{video.codec} in {info.container} is not joined with new pictures": video.codec != "h264"
        or info.container not in _CUT_CONTAINERS,
        f"{video.pixel_format} is not for every player": video.pixel_format not in _FORMATS,
        "the source is rotated": video.rotation != 0 or video.mirrored,
        "its dynamic range is not for every player": video.hdr is not None,
        "its pixels are not square": abs(video.sample_aspect - 1) > _SQUARE,
        "it has more than 60 pictures a second": video.fps > FASTEST,
    }
    if reason := _first(refusals, info):
        return reason
    try:
        sets = parameter_sets(pictures.stream.codec_context.extradata)
        facts = [sequence(unit) for unit in sets.sps]
        free = sets.free_number
    except CannotCopy as error:
        return str(error)
    if not free or any(fact.profile not in H264_PROFILES or fact.chroma != 1 or fact.bits != _BITS for fact in facts):
        return "its profile is not for every player"
    return "" if all(fact.progressive for fact in facts) else "the source is interlaced"


def _first(refusals: dict[str, bool], info: MediaInfo) -> str:
    """Returns the first reason that applies, of these and then of those against every method; an empty string where none does."""
    every = {"the source is damaged": "damaged" in info.warnings, _SEAMS: bool(info.clock and info.clock.pictures)}
    return next((reason for reason, holds in {**refusals, **every}.items() if holds), "")
