"""Replaces a playlist or channel on the command line by its videos, after a question."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import typer

from videomoments.cli.console import say
from videomoments.cli.source import Source, label_of
from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.core.terminal import visible
from videomoments.sources import FetchLimits, listed, names_file, names_object


def expand(sources: Sequence[Source], settings: Settings, *, max_videos: int, yes: bool) -> list[Source]:
    """Returns the sources, with each address of several videos replaced by these, at most `max_videos`.

    An address that can't be read stays as it is: its run reports why.

    Raises:
        typer.BadParameter: it leads to several videos, without `yes` and without a terminal to ask on.
        typer.Abort: the user said no.
    """
    found: list[Source] = []
    for source in sources:
        found += _videos_of(source, settings, max_videos, yes) if source.remote else [source]
    return found


def _videos_of(source: Source, settings: Settings, max_videos: int, yes: bool) -> list[Source]:
    if names_object(source.name) or names_file(source.name):
        return [source]
    try:
        listing = asyncio.run(listed(source.name, max_videos=max_videos, limits=FetchLimits.of(settings)))
    except MomentsError:
        return [source]
    videos = listing.videos
    many = max(listing.total or 0, len(videos))
    if not videos or many < 2:
        return [source]
    if not yes:
        what = f"{source.label} leads to {many} videos{f' ({listing.title})' if listing.title else ''}"
        if not sys.stdin.isatty():
            raise typer.BadParameter(f"{what}. Give the address of one, or --yes for the first {len(videos)} (--max-videos).")
        typer.confirm(f"{visible(what)}. Find the moments of the first {len(videos)}?", abort=True, err=True)
    say(f"{source.label}: {len(videos)} of {many} videos.")
    return [Source(video.url, label_of(video.url)) for video in videos]
