"""Limits what one worker does at once, with a semaphore for each named resource (the overview's section 8), and the temporary files of all
runs on a machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from videomoments.core.config import Limits
from videomoments.core.errors import OutOfSpace


class Resource(StrEnum):
    AUDIO = "audio"
    TRANSCRIPTION = "transcription"
    GENERATION = "generation"
    CLIPS = "clips"
    REFINEMENT = "refinement"


class Place:
    """One place of a resource. Its holder may leave it while there is nothing to do, and take one again."""

    def __init__(self, semaphore: asyncio.Semaphore | None = None) -> None:
        self._semaphore = semaphore
        self._held = False

    async def take(self) -> None:
        """Waits for a place, unless one is held."""
        if self._semaphore is not None and not self._held:
            await self._semaphore.acquire()
            self._held = True

    def leave(self) -> None:
        """Releases the place for others."""
        if self._semaphore is not None and self._held:
            self._semaphore.release()
            self._held = False


class ResourceLimits:
    """The semaphores of one worker process."""

    def __init__(self, limits: Limits) -> None:
        self._semaphores = {resource: asyncio.Semaphore(getattr(limits, resource.value)) for resource in Resource}

    @asynccontextmanager
    async def hold(self, resource: Resource | None) -> AsyncIterator[Place]:
        """Waits for a place and holds it. Without a resource there is nothing to wait for."""
        place = Place(self._semaphores[resource] if resource else None)
        await place.take()
        try:
            yield place
        finally:
            place.leave()


async def check_quota(folder: Path, quota: int) -> None:
    """Raises `OutOfSpace`, which may pass by waiting, when the temporary files of all runs take `quota` bytes or more."""
    used = await asyncio.to_thread(_size_of, folder)
    if used >= quota:
        raise OutOfSpace(
            f"The temporary files of all runs take {used / 1e9:.1f} GB, and may take {quota / 1e9:.1f} GB.",
            advice="Retry the run when others have ended, or raise MOMENTS_TEMP_QUOTA_BYTES.",
        )


def _size_of(folder: Path) -> int:
    """Returns bytes on disk. Files that other runs remove meanwhile are not counted."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(base) / name).lstat().st_blocks * 512
    return total
