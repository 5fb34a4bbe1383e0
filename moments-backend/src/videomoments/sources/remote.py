"""Fetches any remote source: a file over HTTP, a video on a page, an object in a bucket that an operator listed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from videomoments.core.errors import MomentsError, SourceUnavailable
from videomoments.sources import http
from videomoments.sources.buckets import fetch_object, names_object
from videomoments.sources.feeds import MAX_FEED_BYTES, FeedEntry, FeedList, feeds_of_page, read_feed
from videomoments.sources.fetch_types import FetchedSource, FetchLimits, OnProgress, SiteDetails
from videomoments.sources.resolve import MEDIA_ENDINGS, checked_url
from videomoments.sources.site import MAX_LISTED, ListedVideo, Listing, fetch_site, list_site
from videomoments.sources.sniff import Feed, WebPage

# yt-dlp read the page and found no video on it.
_NO_VIDEO = ("not_a_media_url",)
_MOST_FEEDS = 3


async def fetch(
    url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None, resumes: bool = False
) -> FetchedSource:
    """Downloads the source to `target`, whose folder exists. After an error or a cancellation no file is left. With `resumes`, a download
    of a file or an object that fails with an error that may pass leaves its bytes next to `target`, and the next one continues from there.

    The URL is first requested as a file. A page, or a refusal to show one to a program like ours, goes to yt-dlp. From a feed, as from a
    list, it downloads the first recording.

    Raises what `http.fetch`, `fetch_site` and `fetch_object` raise.
    """
    if names_object(url):
        return await fetch_object(url, target, limits=limits, on_progress=on_progress, resumes=resumes)
    try:
        return await http.fetch(url, target, limits=limits, on_progress=on_progress, resumes=resumes)
    except Feed:
        feed = await _feed(url, limits)
        return await _fetch_entry(feed, feed.entries[0], target, limits, on_progress, resumes=resumes)
    except (WebPage, SourceUnavailable) as error:
        if not _may_be_page(url, error):
            raise
        try:
            return await fetch_site(url, target, limits=limits, on_progress=on_progress)
        except MomentsError as none:
            # The page of an episode, whose player yt-dlp doesn't know: its podcast's feed may name the file.
            if none.code not in _NO_VIDEO or (found := await _episode(url, limits)) is None:
                raise
        return await _fetch_entry(*found, target, limits, on_progress, resumes=resumes)


async def listed(url: str, *, max_videos: int, limits: FetchLimits) -> Listing:
    """Returns the videos that a URL leads to. The list is empty for a file, an object and a page with one video. A feed lists its
    recordings, and so does a page without a video that names its feed. Raises what `fetch` raises."""
    if names_object(url) or names_file(url):
        return Listing("", (), 1)
    try:
        await http.look(url, limits=limits)
    except Feed:
        return _listing(await _feed(url, limits), max_videos)
    except (WebPage, SourceUnavailable) as error:
        if not _may_be_page(url, error):
            raise
        try:
            return await list_site(url, max_videos=max_videos, limits=limits)
        except MomentsError as none:
            if none.code not in _NO_VIDEO or not (feeds := await _feeds_of(url, limits)):
                raise
        return _listing(feeds[0], max_videos)
    return Listing("", (), 1)


async def _feed(url: str, limits: FetchLimits) -> FeedList:
    """Reads the feed in a thread: one of megabytes takes longer than other work of this process may wait."""
    return await asyncio.to_thread(read_feed, *await http.read_text(url, limits=limits, max_bytes=MAX_FEED_BYTES))


async def _feeds_of(url: str, limits: FetchLimits) -> list[FeedList]:
    """Returns the readable feeds among the first few that a page names: a feed of its comments may be among them."""
    found = []
    with suppress(MomentsError):
        page = await http.read_text(url, limits=limits, max_bytes=MAX_FEED_BYTES)
        for address in (await asyncio.to_thread(feeds_of_page, *page))[:_MOST_FEEDS]:
            with suppress(MomentsError):
                feed = await _feed(address, limits)
                # Feeds that list only pages lead to no recordings.
                if any(entry.url != entry.page for entry in feed.entries):
                    found.append(feed)
    return found


async def _episode(url: str, limits: FetchLimits) -> tuple[FeedList, FeedEntry] | None:
    """Returns the entry of the page's own feeds that has this page as its page, or None. Another entry would be another recording."""
    page = str(checked_url(url)).rstrip("/")
    for feed in await _feeds_of(url, limits):
        for entry in feed.entries:
            if entry.page.rstrip("/") == page and entry.url != entry.page:
                return feed, entry
    return None


async def _fetch_entry(
    feed: FeedList, entry: FeedEntry, target: Path, limits: FetchLimits, on_progress: OnProgress | None, *, resumes: bool
) -> FetchedSource:
    # Under a name of its own: the request of the feed, which comes first each time, removes what is not the feed's.
    own = target.with_name(f"{target.name}.entry")
    try:
        found = await http.fetch(entry.url, own, limits=limits, on_progress=on_progress, resumes=resumes)
    except (WebPage, SourceUnavailable) as error:
        if not _may_be_page(entry.url, error):
            raise
        return await fetch_site(entry.url, target, limits=limits, on_progress=on_progress)
    own.replace(target)
    details = SiteDetails("feed", entry.id, entry.page, feed.author or feed.title, entry.published, of=len(feed.entries))
    return replace(found, path=target, title=entry.title or None, details=details)


def _listing(feed: FeedList, max_videos: int) -> Listing:
    videos = tuple(ListedVideo(entry.url, entry.title) for entry in feed.entries[: min(max_videos, MAX_LISTED)])
    return Listing(feed.title, videos, len(feed.entries))


def names_file(url: str) -> bool:
    """Returns whether the path ends like a media file's."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in MEDIA_ENDINGS


def _may_be_page(url: str, error: WebPage | SourceUnavailable) -> bool:
    return isinstance(error, WebPage) or (error.code == "source_refused" and not names_file(url))
