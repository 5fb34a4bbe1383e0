"""What can't be media, by what a server calls it and by its first bytes: told before it is downloaded.

It only saves time and gives a better answer: what passes here is still opened by the media child alone, which knows a few demuxers.
"""

from __future__ import annotations

import re

from videomoments.core.errors import InvalidInput

_PAGES = ("text/html", "application/xhtml+xml")
_UNSURE = ("text/plain",)  # servers call what they don't know so
_NOT_MEDIA = frozenset(
    [
        *("application/json", "application/xml", "application/pdf", "application/javascript", "application/rss+xml"),
        *("application/zip", "application/gzip", "application/x-gzip", "application/x-tar", "application/x-7z-compressed"),
        *("application/vnd.rar", "application/x-bzip2", "application/x-xz", "application/zstd", "application/sdp"),
        *("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl", "audio/x-scpls"),
        *("application/dash+xml", "video/vnd.mpeg.dash.mpd", "application/vnd.ms-sstr+xml", "application/smil+xml"),
        *("application/xspf+xml", "application/x-subrip", "application/ttml+xml"),
    ]
)
_PAGE_START = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
_TEXT_START = re.compile(
    rb"(\xef\xbb\xbf)?\s*(#EXTM3U|ffconcat |<\?xml|<MPD|<svg|<smil|<tt\b|\[playlist\]|\[Script Info\]|WEBVTT|v=0\r?\n"
    rb"|\d+\r?\n\d\d:\d\d:\d\d)",
    re.IGNORECASE,
)
_BINARY_START = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"%PDF-", b"\x7fELF")
_TAR = slice(257, 262)


class WebPage(InvalidInput):
    """The URL leads to a page, on which there may be a video."""

    code = "not_a_media_url"
    advice = "Give the address of the file itself."

    def __init__(self) -> None:
        super().__init__("The URL leads to a web page, not to a video or audio file.")


def check_type(content_type: str) -> None:
    """Raises `WebPage`, or `InvalidInput` (`not_a_media_url`)."""
    if content_type in _PAGES:
        raise WebPage
    if content_type in _NOT_MEDIA or (content_type.startswith(("image/", "text/")) and content_type not in _UNSURE):
        raise _not_media(content_type)


def check_start(data: bytes) -> None:
    """Raises what `check_type` raises, for lists, manifests, subtitles, documents and archives, whatever they are called."""
    if _PAGE_START.match(data):
        raise WebPage
    if _TEXT_START.match(data) or data.startswith(_BINARY_START) or data[_TAR] == b"ustar":
        raise _not_media("a list, a manifest, a document or an archive")


def _not_media(what: str) -> InvalidInput:
    return InvalidInput(
        f"The URL leads to {what}, not to a video or audio file.", code="not_a_media_url", advice="Give the address of the file itself."
    )
