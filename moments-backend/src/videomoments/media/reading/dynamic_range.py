"""Detects high dynamic range, and builds the filter that turns it into standard range."""

from __future__ import annotations

from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc

from videomoments.media.types import HdrKind

_KINDS: dict[int, HdrKind] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
# libswscale's colour management: it reads the mastering display's metadata, compresses highlights and maps the gamut.
_TO_BT709 = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual"


def hdr_of(frame: VideoFrame) -> HdrKind | None:
    """Returns the frame's kind of high dynamic range; None for standard range."""
    return _KINDS.get(int(frame.color_trc))


def tone_mapping(frame: VideoFrame) -> str:
    """Returns arguments of the `scale` filter that turn frames like this one into BT.709. Its tables take seconds to make: reuse the
    graph."""
    assumed = ":in_primaries=bt2020" if int(frame.color_primaries) == ColorPrimaries.UNSPECIFIED else ""
    return _TO_BT709 + assumed
