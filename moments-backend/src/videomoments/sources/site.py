"""Downloads videos of sites with yt-dlp in its own child process. This is the parent's side."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videomoments.core.errors import InvalidInput, MomentsError, SourceUnavailable
from videomoments.core.job_process import ChildProgram, run_job
from videomoments.sources.fetch_types import FetchedSource, FetchLimits, OnProgress, SiteDetails
from videomoments.sources.rate import MinimumRate
from videomoments.sources.resolve import checked_url, label
from videomoments.sources.sniff import HEAD_BYTES, check_answer

# yt-dlp reports nothing while it reads pages, searches players' scripts and fetches many short parts.
_STALL_SECONDS = 180.0
_LIST_SECONDS = 120.0
MAX_LISTED = 500
_PATIENCE = 3


class _SiteProgram(ChildProgram):
    def stalled(self, seconds: float) -> MomentsError:
        return SourceUnavailable(f"The site sent nothing for {seconds:.0f} s.", advice="Try again later.")

    def ended(self, status: int) -> MomentsError:
        del status
        return SourceUnavailable("The download process was ended from outside.", code="site_killed", advice="Try again.")


PROGRAM: ChildProgram = _SiteProgram("download process", "videomoments.sources.site_child", "site_failed")


@dataclass(frozen=True, slots=True)
class ListedVideo:
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The videos that an address leads to, at most as many as were asked for. `total` is None where the site does not say. A single video,
    or a file, is no list: then `videos` is empty."""

    title: str
    videos: tuple[ListedVideo, ...]
    total: int | None


async def fetch_site(
    url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None, program: ChildProgram = PROGRAM
) -> FetchedSource:
    """Downloads the first video of a page to `target`, and its audio next to it where the site separates them.

    After an error or a cancellation no file and no process is left. Raises the errors of `site_errors`, `AddressRefused`, `TooLarge`,
    `OutOfSpace`.
    """
    address = str(checked_url(url))
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="site-", dir=target.parent))
    try:
        result = await _result(program, _job("fetch", address, limits) | {"folder": str(folder)}, limits, limits.total_timeout, on_progress)
        return await asyncio.to_thread(_taken, folder, target, result)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def list_site(url: str, *, max_videos: int, limits: FetchLimits, program: ChildProgram = PROGRAM) -> Listing:
    """Returns what an address leads to, without downloading it. Raises what `fetch_site` raises."""
    job = _job("list", str(checked_url(url)), limits) | {"max_videos": min(max_videos, MAX_LISTED), "folder": None}
    result = await _result(program, job, limits, min(_LIST_SECONDS, limits.total_timeout), None)
    total = result["total"]
    return Listing(
        result["title"], tuple(ListedVideo(**video) for video in result["videos"]), int(total) if isinstance(total, int) else None
    )


def _job(kind: str, url: str, limits: FetchLimits) -> dict[str, Any]:
    if limits.cookies is not None and not limits.cookies.is_file():
        raise InvalidInput("MOMENTS_YTDLP_COOKIES names no file.", code="invalid_setting")
    return {
        "job": kind,
        "url": url,
        "allow_private": limits.allow_private,
        "cookies": str(limits.cookies.absolute()) if limits.cookies is not None else None,
        "read_timeout": limits.read_timeout,
        "max_bytes": limits.max_bytes,
        "min_free_bytes": limits.min_free_bytes,
    }


async def _result(
    program: ChildProgram, job: Mapping[str, Any], limits: FetchLimits, seconds: float, on_progress: OnProgress | None
) -> dict[str, Any]:
    takes = {
        "memory_bytes": 4 * 1024**3,
        "cpu_seconds": 3600,
        # The meter in the child gives a better error; this limit holds where the meter does not see the bytes.
        "file_bytes": limits.max_bytes + 64 * 1024**2,
        "open_files": 256,
    }
    speed = _Speed(limits)
    try:
        async with asyncio.timeout(seconds), aclosing(run_job(program, job, takes, stall_seconds=_STALL_SECONDS)) as events:
            async for event in events:
                if event["event"] == "result":
                    return event
                if "done" in event:
                    speed.at(event["done"])
                    if on_progress is not None:
                        on_progress(event["done"], event["total"])
    except TimeoutError as error:
        raise SourceUnavailable(
            f"The site took longer than {seconds:.0f} seconds.", advice="Try again, or raise MOMENTS_DOWNLOAD_TIMEOUT."
        ) from error
    raise AssertionError("a job ends with a result or an error")


class _Speed:
    """Enforces a least rate for a site, from its first byte on. It is more patient than for a file, because a stream pauses between its
    parts."""

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._rate: MinimumRate | None = None
        self._done = 0

    def at(self, done: int) -> None:
        """Notes that `done` bytes have come. Raises `SourceUnavailable` (`source_too_slow`: permanent)."""
        if self._rate is None:
            self._rate = MinimumRate(self._limits.min_rate, _PATIENCE * self._limits.rate_seconds, self._limits.clock)
        came, self._done = max(0, done - self._done), done
        try:
            self._rate.came(came, "The site")
        except SourceUnavailable as error:
            error.retryable = False
            raise


def _taken(folder: Path, target: Path, result: Mapping[str, Any]) -> FetchedSource:
    """Moves the child's files to their targets. Their names are ours, never the site's. Raises what `check_answer` raises."""
    files = [folder / f"part{number}" for number in range(len(result["files"]))][:2]
    for file in files:
        # A "direct link" of yt-dlp may be a page or a list of another site.
        with file.open("rb") as reader:
            head = reader.read(HEAD_BYTES)
            check_answer(head, whole=len(head) < HEAD_BYTES)
    sound = target.with_name(target.name + ".sound") if len(files) == 2 else None
    files[0].replace(target)
    if sound is not None:
        files[1].replace(sound)
    details = SiteDetails.from_dict(result["details"])
    title = result["title"]
    name = (label(title.replace("/", "-")) or label(details.id) or details.site) + result["ending"]
    return FetchedSource(target, target.stat().st_size, None, None, name, sound, title or None, details)
