"""Holds a stage of a real run open in the middle of its work, from outside its process.

A test writes `{request_id}.json` with `{"stage": …, "when": "before" | "after"}` into the hold's folder. The first attempt of that run
stops there, before or after the stage's own operation on the store or the media engine, writes `{request_id}.held`, and goes on when
`{request_id}.go` is there. The adapters are wrapped; stages and orchestrator are the real ones. Where no small disk can be mounted, a file
`full` in the data folder stands for a full one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from videomoments.core.errors import OutOfSpace
from videomoments.core.names import ClipKind, StageName
from videomoments.media.engine import MediaEngine
from videomoments.media.types import CutClip
from videomoments.storage.layout import owner_of
from videomoments.storage.object_store import ObjectStore, StoredObject

_PUTS = {
    "/source/": StageName.VIDEO_DOWNLOAD,
    "/audio/": StageName.AUDIO_UPLOAD,
    f"/{ClipKind.INPUT}-": StageName.CLIP_UPLOAD,
    f"/{ClipKind.DELIVERED}-": StageName.MOMENT_REFINEMENT,
}


class Hold:
    """One folder, shared by the test and its workers."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.folder = folder
        self._full = home / "full" if home else None

    def check_space(self) -> None:
        if self._full is not None and self._full.exists():
            raise OutOfSpace("The disk is full (as the test says).")

    def ask(self, request_id: str, stage: StageName, when: str) -> None:
        (self.folder / f"{request_id}.json").write_text(json.dumps({"stage": stage, "when": when}))

    def is_held(self, request_id: str) -> bool:
        return (self.folder / f"{request_id}.held").exists()

    def release(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            (self.folder / f"{request_id}.go").touch()

    async def point(self, request_id: str, attempt: int, stage: StageName, when: str) -> None:
        """Waits here if the test asked for it."""
        wish = self.folder / f"{request_id}.json"
        if attempt != 1 or not wish.exists() or json.loads(wish.read_text()) != {"stage": stage, "when": when}:
            return
        (self.folder / f"{request_id}.held").touch()
        while not (self.folder / f"{request_id}.go").exists():
            await asyncio.sleep(0.02)


class HeldStore:
    """A store whose uploads can be held; everything else is the real store's."""

    def __init__(self, store: ObjectStore, hold: Hold) -> None:
        self._store = store
        self._hold = hold

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put_file(self, key: str, path: Path, **more: Any) -> StoredObject:
        owner = owner_of(key)
        stage = next((stage for part, stage in _PUTS.items() if part in key), None)
        if owner is None or stage is None:
            return await self._store.put_file(key, path, **more)
        await self._hold.point(owner.request_id, owner.attempt, stage, "before")
        self._hold.check_space()
        stored = await self._store.put_file(key, path, **more)
        await self._hold.point(owner.request_id, owner.attempt, stage, "after")
        return stored


class HeldMedia(MediaEngine):
    """A media engine whose sound and cuts can be held. A target lies in `{request_id}/{name}-{attempt}/`."""

    def __init__(self, hold: Hold) -> None:
        super().__init__()
        self._hold = hold

    async def extract_audio(self, source: Path, target: Path, *more: Any, **named: Any) -> None:
        await self._at(target, StageName.AUDIO_EXTRACTION, "before")
        self._hold.check_space()
        await super().extract_audio(source, target, *more, **named)
        await self._at(target, StageName.AUDIO_EXTRACTION, "after")

    async def cut(self, source: Path, requests: Any, *more: Any, **named: Any) -> AsyncGenerator[CutClip, None]:
        stage = StageName.CLIP_EXTRACTION if requests and requests[0].kind is ClipKind.INPUT else StageName.MOMENT_REFINEMENT
        if requests:
            await self._at(requests[0].target, stage, "before")
            self._hold.check_space()
        async with aclosing(super().cut(source, requests, *more, **named)) as clips:
            async for clip in clips:
                if stage is StageName.CLIP_EXTRACTION:
                    await self._at(clip.path, stage, "after")
                yield clip

    async def _at(self, target: Path, stage: StageName, when: str) -> None:
        await self._hold.point(target.parent.parent.name, int(target.parent.name.rpartition("-")[2]), stage, when)
