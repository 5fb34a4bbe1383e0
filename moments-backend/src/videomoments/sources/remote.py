"""Any remote source: a file over HTTP, a video on a page, an object in a bucket that an operator listed."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from videomoments.core.errors import SourceUnavailable
from videomoments.sources import http
from videomoments.sources.base import FetchedSource, FetchLimits, OnProgress
from videomoments.sources.buckets import fetch_object, names_object
from videomoments.sources.resolve import MEDIA_ENDINGS
from videomoments.sources.site import Listing, fetch_site, list_site
from videomoments.sources.sniff import WebPage


async def fetch(url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None) -> FetchedSource:
    """Downloads the source to `target`, whose folder exists. A cancelled task, like any error, leaves no file.

    It is asked for as a file first; a page, or a refusal to show one to a program like ours, is yt-dlp's.
    Raises what `http.fetch`, `fetch_site` and `fetch_object` raise.
    """
    if names_object(url):
        return await fetch_object(url, target, limits=limits, on_progress=on_progress)
    try:
        return await http.fetch(url, target, limits=limits, on_progress=on_progress)
    except (WebPage, SourceUnavailable) as error:
        if not _may_be_page(url, error):
            raise
        return await fetch_site(url, target, limits=limits, on_progress=on_progress)


async def listed(url: str, *, max_videos: int, limits: FetchLimits) -> Listing:
    """The videos that a URL leads to; a file, an object and a page with one video have none but themselves. Raises like `fetch`."""
    if names_object(url) or names_file(url):
        return Listing("", (), 1)
    try:
        await http.look(url, limits=limits)
    except (WebPage, SourceUnavailable) as error:
        if not _may_be_page(url, error):
            raise
        return await list_site(url, max_videos=max_videos, limits=limits)
    return Listing("", (), 1)


def names_file(url: str) -> bool:
    """Whether the path ends like a media file's."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in MEDIA_ENDINGS


def _may_be_page(url: str, error: WebPage | SourceUnavailable) -> bool:
    return isinstance(error, WebPage) or (error.code == "source_refused" and not names_file(url))
