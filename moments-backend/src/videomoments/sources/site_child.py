"""The child process that runs yt-dlp: `python -m videomoments.sources.site_child`. It does one job and ends. Only `site.py` starts it.

yt-dlp is used as a library. It gets no configuration files, no plugins, no cookies except a file that an operator named, no programs to
start, and no network except through `site_guard`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videomoments.core.errors import InvalidInput, MomentsError, SourceUnavailable, TooLarge
from videomoments.core.job_child import Emit, serve_job
from videomoments.sources.address_guard import AddressGuard
from videomoments.sources.fetch_types import FetchLimits
from videomoments.sources.site_details import details_of, entries_of
from videomoments.sources.site_errors import explain, no_video
from videomoments.sources.site_guard import ChildGuard

if TYPE_CHECKING:
    from yt_dlp import YoutubeDL

_PROTOCOLS = "[protocol~='^(https?|m3u8(_native)?|http_dash_segments)$']"
# One file with both where it is good enough, else video and audio apart (`media` joins them), else whatever there is.
_FORMAT = f"b[height>=720]{_PROTOCOLS}/bv*{_PROTOCOLS}+ba{_PROTOCOLS}/b{_PROTOCOLS}/ba{_PROTOCOLS}/bv{_PROTOCOLS}"
# What browsers play and what can be cut without encoding; more than 1080 lines would only cost time.
_ORDER = ["res:1080", "vcodec:h264", "acodec:aac", "proto:https"]
_TELL_EVERY = 0.25
_SPACE_EVERY = 64 * 1024**2

_guard = ChildGuard(AddressGuard())


def run(job: Mapping[str, Any], emit: Emit) -> None:
    """Runs a job. `fetch` downloads one video's files into `folder`; `list` emits the videos that an address leads to."""
    from yt_dlp import YoutubeDL

    if job["job"] == "list":
        with_options = {"extract_flat": "in_playlist", "playlist_items": f"1-{int(job['max_videos'])}", "lazy_playlist": False}
        _list(YoutubeDL(_parameters(job, emit) | with_options), job, emit)
    else:
        _fetch(YoutubeDL(_parameters(job, emit) | {"playlist_items": "1", "noplaylist": True}), job, emit)


def _parameters(job: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    return {
        "logger": _Log(emit),
        "quiet": True,
        "noprogress": True,
        "no_color": True,
        "cachedir": False,
        "cookiefile": job["cookies"],
        # An empty proxy means none, whatever the environment says: a proxy would resolve names past the guard.
        "proxy": "",
        "socket_timeout": job["read_timeout"],
        "retries": 3,
        "fragment_retries": 3,
        "extractor_retries": 1,
        # A video with missing parts is useless (F58).
        "skip_unavailable_fragments": False,
        "format": _FORMAT,
        "format_sort": _ORDER,
        "hls_prefer_native": True,
        "fixup": "never",
        "ignoreerrors": False,
        "enable_file_urls": False,
        "js_runtimes": {},
        "postprocessors": [],
        "overwrites": True,
    }


class _Log:
    """Sends yt-dlp's messages to stderr. Each is a sign of life."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def debug(self, text: str) -> None:
        del text
        self._emit({"event": "progress"})

    def warning(self, text: str) -> None:
        self._emit({"event": "progress"})
        print(text, file=sys.stderr)

    info, error = debug, warning


def _list(ydl: YoutubeDL, job: Mapping[str, Any], emit: Emit) -> None:
    found = ydl.extract_info(job["url"], download=False)
    if not found:
        raise no_video(job["url"])
    emit({"event": "result", **entries_of(found, job["url"], int(job["max_videos"]))})


def _fetch(ydl: YoutubeDL, job: Mapping[str, Any], emit: Emit) -> None:
    found: Any = ydl.extract_info(job["url"], download=False)
    of = 1
    while found and found.get("_type") == "playlist":
        of = max(of, int(found.get("playlist_count") or 1))
        found = next((entry for entry in found.get("entries") or () if entry), None)
    if not found:
        raise no_video(job["url"])
    if found.get("live_status") in ("is_live", "is_upcoming") or found.get("is_live"):
        raise InvalidInput("That is a live stream.", code="site_live", advice="Come back when it has ended and can be watched again.")
    formats = found.get("requested_formats") or [found]
    meter = _Meter(job, emit, [_size(one) for one in formats])
    ydl.add_progress_hook(meter.report)
    names = []
    for number, chosen in enumerate(formats):
        name = f"part{number}"
        meter.begin(number)
        done, _ = ydl.dl(str(Path(job["folder"]) / name), {**found, **chosen})
        if not done or not (Path(job["folder"]) / name).is_file():
            raise SourceUnavailable("The site broke the download off.", advice="Try again later.")
        names.append(name)
    emit({"event": "result", "files": names, **details_of(ydl, found, of)})


def _size(chosen: Mapping[str, Any]) -> int | None:
    size = chosen.get("filesize")
    return int(size) if size else None


@dataclass
class _Meter:
    """Counts the bytes of all files of one video, and enforces the limits while they come in. The `max_filesize` of yt-dlp would skip the
    file without an error."""

    job: Mapping[str, Any]
    emit: Emit
    sizes: list[int | None]
    number: int = 0
    reported_at: float = 0.0
    checked_at: int = 0
    done: dict[int, int] = field(default_factory=dict)
    limits: FetchLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = FetchLimits(max_bytes=self.job["max_bytes"], min_free_bytes=self.job["min_free_bytes"])
        announced = sum(size or 0 for size in self.sizes)
        self.limits.check_size(announced)
        self.limits.check_space(Path(self.job["folder"]), announced)

    def begin(self, number: int) -> None:
        self.number = number

    def report(self, status: Mapping[str, Any]) -> None:
        """Handles yt-dlp's progress hook. Raises `TooLarge`, `OutOfSpace`."""
        exact = int(status.get("total_bytes") or 0)
        self.done[self.number] = int(status.get("downloaded_bytes") or 0)
        self.sizes[self.number] = exact or int(status.get("total_bytes_estimate") or 0) or self.sizes[self.number]
        done = sum(self.done.values())
        before = sum(size for number, size in self.done.items() if number != self.number)
        self.limits.check_size(max(done, before + exact))
        if done - self.checked_at > _SPACE_EVERY:
            self.checked_at = done
            self.limits.check_space(Path(self.job["folder"]), 0)
        if time.monotonic() - self.reported_at > _TELL_EVERY:
            self.reported_at = time.monotonic()
            known = [size for size in self.sizes if size is not None]
            total = max(sum(known), done) if len(known) == len(self.sizes) else None
            self.emit({"event": "progress", "done": done, "total": total})


def _explain(error: BaseException) -> MomentsError:
    """Returns our error. A refusal by the guard is the cause of all other failures, so it comes first."""
    if isinstance(error, TooLarge) or _guard.refusal is None:
        return explain(error)
    return _guard.refusal


def _prepare(job: Mapping[str, Any]) -> None:
    logging.disable()
    # Extractors are imported at their first use, and their own imports must happen before the guard is installed.
    import yt_dlp.extractor.generic
    import yt_dlp.globals

    yt_dlp.globals.plugin_dirs.value = []
    _guard.use(AddressGuard(job["allow_private"]))
    _guard.install()


def main() -> None:
    serve_job(run, _explain, _prepare)


if __name__ == "__main__":
    main()
