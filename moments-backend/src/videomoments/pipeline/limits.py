"""What one worker does at once: a semaphore for each named resource (the overview's section 8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from videomoments.core.config import Limits


class Resource(StrEnum):
    AUDIO = "audio"
    TRANSCRIPTION = "transcription"
    GENERATION = "generation"
    CLIPS = "clips"
    REFINEMENT = "refinement"


class ResourceLimits:
    """One per worker process."""

    def __init__(self, limits: Limits) -> None:
        self._semaphores = {resource: asyncio.Semaphore(getattr(limits, resource.value)) for resource in Resource}

    @asynccontextmanager
    async def hold(self, resource: Resource | None) -> AsyncIterator[None]:
        """Waits for a place; None needs none."""
        if resource is None:
            yield
            return
        async with self._semaphores[resource]:
            yield
