"""Services, workers and real models: what is said in the sample is really heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend import services, settings_over
from speech.fixtures import speech
from stack import Stack
from videomoments.core.config import Settings

__all__ = ["services", "settings", "speech"]


@pytest.fixture
def settings(stack_with_models: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack_with_models, tmp_path, lease_seconds=4.0, reconcile_seconds=1.0)
