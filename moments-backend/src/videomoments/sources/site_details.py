"""Reduces what yt-dlp returns of a video or a list to what is stored. Runs only in the child: every value comes from outside."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from videomoments.sources.resolve import shown

if TYPE_CHECKING:
    from yt_dlp import YoutubeDL

MAX_CHAPTERS = 500
MAX_CAPTION_BYTES = 2 * 1024**2
_CAPTION_KINDS = ("vtt", "srt")


def details_of(ydl: YoutubeDL, found: Mapping[str, Any], of: int) -> dict[str, Any]:
    """Returns the fields of `SiteDetails`, and the title and extension of the file."""
    ending = str(found.get("ext") or "").lower()
    title = shown(str(found.get("title") or ""), 300)
    if of == 1 and found.get("extractor_key") == "HTML5MediaEmbed":
        title = title.removesuffix(" (1)")  # yt-dlp numbers a page's videos even where there is one
    return {
        "title": title,
        "ending": f".{ending}" if ending.isalnum() and len(ending) <= 5 else "",
        "details": {
            "site": shown(str(found.get("extractor_key") or found.get("extractor") or ""), 60),
            "id": shown(str(found.get("id") or ""), 200),
            "page": _web_address(found.get("webpage_url")),
            "uploader": shown(str(found.get("uploader") or found.get("channel") or ""), 200),
            "published": shown(str(found.get("upload_date") or ""), 8),
            "of": of,
            "chapters": _chapters(found),
            "captions": _captions(ydl, found),
        },
    }


def entries_of(found: Mapping[str, Any], url: str, max_videos: int) -> dict[str, Any]:
    """Returns the `videos` that an address leads to, and their `total` (None: unknown). A single video is no list."""
    if found.get("_type") != "playlist":
        return {"title": shown(str(found.get("title") or ""), 300), "videos": [], "total": 1}
    videos: list[dict[str, str]] = []
    for entry in found.get("entries") or ():
        address = _address(entry or {}, url)
        if address and address not in [video["url"] for video in videos]:
            videos.append({"url": address, "title": shown(str(entry.get("title") or ""), 300)})
    return {"title": shown(str(found.get("title") or ""), 300), "videos": videos[:max_videos], "total": found.get("playlist_count")}


def _address(entry: Mapping[str, Any], page: str) -> str:
    """Returns the address of one video of a list: its own page, or its file where the video is on the list's own page. Empty without
    one."""
    own = _web_address(entry.get("webpage_url") or (entry.get("url") if entry.get("_type") in ("url", "url_transparent") else ""))
    if own and own.partition("#")[0] != page.partition("#")[0]:
        return own
    files = [one.get("url") for one in entry.get("formats") or [entry] if str(one.get("protocol") or "http").startswith("http")]
    return next((address for file in reversed(files) if (address := _web_address(file)) and address != page), "")


def _web_address(value: Any) -> str:
    text = str(value or "")
    try:
        return text if urlsplit(text).scheme in ("http", "https") and len(text) <= 4096 else ""
    except ValueError:
        return ""


def _chapters(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    chapters = []
    for chapter in list(found.get("chapters") or ())[:MAX_CHAPTERS]:
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            start, end = float(chapter.get("start_time") or 0.0), float(chapter.get("end_time") or 0.0)
            if 0 <= start < end < 1e6:
                title = shown(str(chapter.get("title") or ""), 200)
                chapters.append({"start": start, "end": end, "title": "" if title.startswith("<Untitled Chapter") else title})
    return chapters


def _captions(ydl: YoutubeDL, found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns the subtitles that a human made, in the video's language, else in the first language. Machine-made ones are no better than
    ours."""
    offered = {name: kinds for name, kinds in (found.get("subtitles") or {}).items() if name != "live_chat"}
    spoken = str(found.get("language") or "").split("-")[0]
    names = sorted(offered, key=lambda name: (name.split("-")[0] != spoken, name.split("-")[0] != "en", name))
    for name in names[:3]:
        for kind in _CAPTION_KINDS:
            for track in offered[name] or ():
                # A failing caption is no reason to lose the video.
                with contextlib.suppress(Exception):
                    if track.get("ext") == kind and (text := _text(ydl, track)):
                        return [{"language": shown(name, 20), "format": kind, "text": text}]
    return []


def _text(ydl: YoutubeDL, track: Mapping[str, Any]) -> str | None:
    if isinstance(track.get("data"), str):
        return str(track["data"])[:MAX_CAPTION_BYTES]
    if str(track.get("protocol") or "http").startswith("m3u8") or not _web_address(track.get("url")):
        return None
    body: bytes = ydl.urlopen(track["url"]).read(MAX_CAPTION_BYTES + 1)
    return body.decode("utf-8-sig", "replace").replace("\0", "") if len(body) <= MAX_CAPTION_BYTES else None
