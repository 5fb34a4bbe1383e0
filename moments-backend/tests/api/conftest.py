"""The API over real PostgreSQL, Valkey and a local store, without a network in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from support.stack import Stack
from support.workers import WATCHDOG_SECONDS
from videomoments.api.app import create_app
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.api.routes import health
from videomoments.core.config import Settings
from videomoments.db.migrate import upgrade


@pytest.fixture(scope="session")
def migrated(stack: Stack) -> Stack:
    asyncio.run(upgrade(stack.database_url))
    return stack


@pytest.fixture(autouse=True)
def patient_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with other work a server is slow, not down."""
    monkeypatch.setattr(health, "_SECONDS", WATCHDOG_SECONDS)


@pytest.fixture
def settings(migrated: Stack, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        database_url=migrated.database_url,
        redis_url=migrated.redis_url,
        storage_url=f"file://{tmp_path}/store",
        models_url="http://127.0.0.1:1",
        signing_key=SecretStr("test"),
        public_url=None,
        max_source_bytes=3_000_000,
    )


@pytest.fixture
async def deps(settings: Settings) -> AsyncIterator[ApiDeps]:
    """Empty database and queue, models seeded."""
    deps = build_deps(settings)
    async with deps.services.database.transaction() as session:
        # In this order nothing refers to what goes; quicker than TRUNCATE, which makes new files.
        for table in ("videos", "generation_configs", "prompts", "model_configs", "workers", "api_keys", "uploads"):
            await session.execute(text(f"DELETE FROM {table}"))
    await deps.services.redis.flushdb()
    app = create_app(deps)
    async with app.router.lifespan_context(app):
        yield deps


@pytest.fixture
async def client(deps: ApiDeps) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(deps), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7005") as client:
        yield client
