"""Types of a download: its result and its limits."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from videomoments.core.config import Settings
from videomoments.core.errors import OutOfSpace, TooLarge

# Called on the event loop with the bytes done, and the bytes in all (None while unknown).
OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FetchedSource:
    """A source as a whole file on this machine. `size` is bytes; `file_name` is a label to show, never a path."""

    path: Path
    size: int
    etag: str | None
    content_type: str | None
    file_name: str
    # Set by sites: the audio, where it comes apart from the video; a title that a human wrote; and what else the site says.
    sound: Path | None = None
    title: str | None = None
    details: SiteDetails | None = None


@dataclass(frozen=True, slots=True)
class SiteChapter:
    """A chapter. `start` and `end` are seconds from the video's beginning, as the site says; they are not measured."""

    start: float
    end: float
    title: str


@dataclass(frozen=True, slots=True)
class Captions:
    """Subtitles that a human made. `format` is `vtt` or `srt`."""

    language: str
    format: str
    text: str


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What a site says of a video. Texts come from outside. `published` is YYYYMMDD or empty; `of` is the number of videos that the address
    led to."""

    site: str
    id: str
    page: str
    uploader: str
    published: str
    of: int = 1
    chapters: tuple[SiteChapter, ...] = field(default=())
    captions: tuple[Captions, ...] = field(default=())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SiteDetails:
        chapters = tuple(SiteChapter(**one) for one in values["chapters"])
        captions = tuple(Captions(**one) for one in values["captions"])
        return cls(**{**values, "chapters": chapters, "captions": captions})

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Sizes are in bytes, times in seconds. A download ends after `attempts` in a row without new bytes; `sleep` waits between them."""

    max_bytes: int = 20 * 1024**3
    min_free_bytes: int = 512 * 1024**2
    total_timeout: float = 6 * 3600.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    attempts: int = 4
    # Browsers follow twenty. Short links, consent, a region, a mirror and a signed address make six.
    max_redirects: int = 10
    # Bytes per second in each period of `rate_seconds`, and how long a file of unknown length may take.
    min_rate: int = 2000
    rate_seconds: float = 60.0
    open_ended_timeout: float = 2 * 3600.0
    first_wait: float = 0.5
    longest_wait: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    allow_private: str = ""
    # A cookie file for sites, and the buckets that a gs:// or s3:// source may name, comma-separated.
    cookies: Path | None = None
    buckets: str = ""

    @classmethod
    def of(cls, settings: Settings) -> FetchLimits:
        return cls(
            max_bytes=settings.max_source_bytes,
            min_free_bytes=settings.min_free_bytes,
            total_timeout=settings.download_timeout,
            min_rate=settings.download_min_rate,
            rate_seconds=settings.download_rate_seconds,
            open_ended_timeout=settings.download_open_ended_timeout,
            allow_private=settings.allow_private,
            cookies=settings.ytdlp_cookies,
            buckets=settings.source_buckets,
        )

    def check_size(self, size: int) -> None:
        """Raises `TooLarge` beyond `max_bytes`."""
        if size > self.max_bytes:
            raise TooLarge(
                f"The source is larger than the limit of {_readable(self.max_bytes)}.",
                advice="Give a smaller file, or raise MOMENTS_MAX_SOURCE_BYTES.",
            )

    def check_space(self, folder: Path, size: int) -> None:
        """Raises `OutOfSpace` when `size` more bytes in `folder` would leave less than `min_free_bytes`."""
        free = shutil.disk_usage(folder).free
        if free - size < self.min_free_bytes:
            needs, has, reserve = _readable(size), _readable(free), _readable(self.min_free_bytes)
            raise OutOfSpace(
                f"There is no room for the source: it needs {needs}, and of the {has} that are free {reserve} are kept in reserve.",
                advice="Free some disk space, or keep less in reserve (MOMENTS_MIN_FREE_BYTES); then start the run again.",
            )


def _readable(size: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
