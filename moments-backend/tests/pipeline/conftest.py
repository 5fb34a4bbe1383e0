"""Services, workers and real models: what is said in the sample is really heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from speech.fixtures import speech
from support.backend import services, settings_over
from support.stack import Stack
from videomoments.core.config import Settings
from videomoments.pipeline.stage import StageAdapters
from videomoments.services.wiring import Services
from videomoments.worker.app import build_adapters

__all__ = ["services", "settings", "speech"]


@pytest.fixture
def settings(stack_with_models: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack_with_models, tmp_path)


@pytest.fixture
async def parts(services: Services) -> AsyncIterator[StageAdapters]:
    """The adapters of one worker."""
    built = build_adapters(services.settings, services)
    yield built
    await built.aclose()
