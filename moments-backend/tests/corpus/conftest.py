"""Real parts and real models, as in the pipeline's stories."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.backend import services, settings_over
from support.stack import Stack
from videomoments.core.config import Settings

__all__ = ["services", "settings"]


@pytest.fixture
def settings(stack_with_models: Stack, tmp_path: Path) -> Settings:
    return settings_over(stack_with_models, tmp_path)
