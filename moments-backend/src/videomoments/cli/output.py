"""Writes a run's output to disk: clips, their thumbnails and `moments.json`, copied from the store into the output folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from videomoments.exports.naming import clip_name, slug
from videomoments.services.moments import MomentView
from videomoments.services.video_queries import VideoQueries
from videomoments.storage import ObjectStore

DEFAULT_ROOT = "moments-output"
DOCUMENT = "moments.json"


def folder_for(given: Path | None, *, title: str, request_id: str, several: bool) -> Path:
    """Returns the absolute folder for one source's output: the given one, or a folder below it for each of several sources."""
    own = f"{slug(title)}-{request_id[:8]}"
    if given is None:
        return Path.cwd() / DEFAULT_ROOT / own
    absolute = given.expanduser().absolute()
    return absolute / own if several else absolute


async def save_clips(store: ObjectStore, videos: VideoQueries, moments: Sequence[MomentView], folder: Path) -> dict[str, Path]:
    """Copies delivered clips to `clips/` and their thumbnails to `thumbnails/`. Returns each clip's file by its moment's identifier.

    Raises StorageError, NotFound, OutOfSpace, or OSError where the folder can't be written.
    """
    stills = await videos.clip_thumbnails([view.clip.id for view in moments if view.clip is not None])
    saved: dict[str, Path] = {}
    for number, view in enumerate(moments, 1):
        if view.clip is None:
            continue
        name = clip_name(number, view.moment.title)
        target = folder / "clips" / (name + PurePosixPath(view.clip.cloud_url).suffix)
        await save_object(store, view.clip.cloud_url, target)
        saved[view.moment.identifier] = target
        if still := stills.get(view.clip.id):
            await save_object(store, still, folder / "thumbnails" / (name + PurePosixPath(still).suffix))
    return saved


async def save_still(store: ObjectStore, videos: VideoQueries, video_id: str, folder: Path) -> None:
    """Copies the video's own thumbnail to `thumbnails/video.jpg`. Raises NotFound when it has none."""
    key = (await videos.thumbnail(video_id)).cloud_url
    await save_object(store, key, folder / "thumbnails" / ("video" + PurePosixPath(key).suffix))


async def save_object(store: ObjectStore, key: str, target: Path) -> None:
    """Copies the object to `target`, whole or not at all. It never links to the store's own file, because users edit their files."""
    with whole(target) as partial, partial.open("wb") as writer:
        async for chunk in store.stream(key):
            await asyncio.to_thread(writer.write, chunk)


def save_document(document: dict[str, Any], folder: Path) -> Path:
    """Writes `moments.json`, whole or not at all. Returns its path."""
    target = folder / DOCUMENT
    with whole(target) as partial:
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        # A path that is not UTF-8 holds lone surrogates; backslash escapes make them valid JSON.
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    return target


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yields the path of a temporary file beside `target`, which becomes `target` at the end. After an error `target` is what it was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield partial
        partial.replace(target)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
