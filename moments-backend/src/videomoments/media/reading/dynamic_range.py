"""High dynamic range: which pictures have it, and the filter that makes the usual range of them."""

from __future__ import annotations

from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc

from videomoments.media.types import HdrKind

_KINDS: dict[int, HdrKind] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
# libswscale's colour management: it reads the mastering display's metadata, compresses highlights and maps the gamut.
_TO_BT709 = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual"


def hdr_of(frame: VideoFrame) -> HdrKind | None:
    """The frame's kind of high dynamic range; None: it has the usual one."""
    return _KINDS.get(int(frame.color_trc))


def tone_mapping(frame: VideoFrame) -> str:
    """Arguments of the `scale` filter that make BT.709 of frames like this one. Its tables cost seconds: keep the graph."""
    assumed = ":in_primaries=bt2020" if int(frame.color_primaries) == ColorPrimaries.UNSPECIFIED else ""
    return _TO_BT709 + assumed
