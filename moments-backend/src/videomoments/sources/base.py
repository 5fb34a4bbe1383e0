"""What a download answers, and its limits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from videomoments.core.config import Settings
from videomoments.core.errors import OutOfSpace, TooLarge

# Called on the event loop with (bytes done, bytes in all, or None while that is unknown).
OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FetchedSource:
    """A source as a whole file on this machine. `size` is bytes; `file_name` is a label to show, never a path."""

    path: Path
    size: int
    etag: str | None
    content_type: str | None
    file_name: str


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Sizes in bytes, times in seconds. `attempts` in a row that bring nothing new end a download."""

    max_bytes: int = 20 * 1024**3
    min_free_bytes: int = 512 * 1024**2
    total_timeout: float = 6 * 3600.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    attempts: int = 4
    max_redirects: int = 5
    first_wait: float = 0.5
    longest_wait: float = 20.0
    allow_private: str = ""

    @classmethod
    def of(cls, settings: Settings) -> FetchLimits:
        return cls(
            max_bytes=settings.max_source_bytes,
            min_free_bytes=settings.min_free_bytes,
            total_timeout=settings.download_timeout,
            allow_private=settings.allow_private,
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
            raise OutOfSpace(f"There is no room for the source: it needs {_readable(size)}, {_readable(free)} are free.")


def _readable(size: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
