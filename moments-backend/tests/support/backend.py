"""Services over the session's stack with empty tables and keys: the fixture `services`, and shortcuts that tests of runs share.

A conftest that wants the fixtures imports them from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from support.stack import Stack
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus
from videomoments.db.migrate import upgrade
from videomoments.services.options import RunOptions
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted, Claim
from videomoments.services.wiring import Services, build_services

__all__ = ["MADE_BY", "accepted", "claimed", "clean_services", "one", "run_of", "services", "settings", "settings_over"]

_upgraded: set[str] = set()
# How moments were made, where a test of their storage does not care.
MADE_BY: dict[str, Any] = {
    "system_prompt": "s",
    "user_prompt": "u",
    "transcript_id": None,
    "sampling": {"temperature": 0.3, "top_p": None, "top_k": None},
    "options": {},
    "model": "extractive",
}


def settings_over(stack: Stack, home: Path, **changed: Any) -> Settings:
    """A process's settings over `stack`. Leases outlive every test: where one is to lapse, `workers.lapse` sees to it, and a test that
    waited for it would never end."""
    values: dict[str, Any] = {
        "home": home,
        "database_url": stack.database_url,
        "redis_url": stack.redis_url,
        "storage_url": (home / "store").as_uri(),
        "models_url": stack.models_url or "http://127.0.0.1:1",
        "models_key": SecretStr(stack.models_key) if stack.models_key else None,
        "signing_key": SecretStr("test"),
        "lease_seconds": 3600.0,
        "drain_seconds": 300.0,
        "reconcile_seconds": 0.5,
        "min_free_bytes": 0,
    }
    return Settings(**(values | changed))


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack, tmp_path)


async def clean_services(settings: Settings) -> AsyncIterator[Services]:
    """Empty tables but for the seeded models, empty Redis."""
    url = settings.database_url or ""
    if url not in _upgraded:
        await upgrade(url)
        _upgraded.add(url)
    services = build_services(settings)
    try:
        async with services.database.transaction() as session:
            # In this order nothing refers to what goes; quicker than TRUNCATE, which makes new files.
            for table in ("videos", "generation_configs", "prompts", "model_configs", "workers"):
                await session.execute(text(f"DELETE FROM {table}"))
        await services.redis.flushdb()
        await services.models.seed()
        yield services
    finally:
        await services.close()


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async for ready in clean_services(settings):
        yield ready


async def accepted(services: Services, url: str = "https://example.com/talk.mp4", **options: Any) -> Accepted:
    """A run of that video, as a 202 leaves it."""
    video, _ = await services.videos.register_url(url)
    return await services.runs.accept(video.identifier, await services.models.snapshot(RunOptions(**options)))


async def claimed(services: Services, url: str = "https://example.com/talk.mp4", owner: str = "worker-a") -> Claim:
    """A run that this test works on."""
    run = await accepted(services, url)
    claim = await services.runs.claim(run.request_id, owner)
    assert claim is not None
    return claim


async def run_of(services: Services, request_id: str) -> RunView:
    return await services.run_queries.get(request_id)


async def one(services: Services, statement: str, **values: Any) -> Any:
    """The first column of the first row."""
    async with services.database.transaction() as session:
        return await session.scalar(text(statement), values)


def ended(run: RunView) -> bool:
    return run.status not in (RunStatus.QUEUED, RunStatus.PROCESSING)
