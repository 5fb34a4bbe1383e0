"""What is asked about models: which job each is the default for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from videomoments.inference.base import ModelConfig, default_models

__all__ = ["Job", "ModelConfig", "jobs_of"]

Job = Literal["transcription", "generation", "refinement"]
_JOBS: tuple[Job, ...] = ("transcription", "generation", "refinement")


def jobs_of(model: ModelConfig, models: Sequence[ModelConfig]) -> list[Job]:
    """The jobs that take `model`, of all these models, when a run names none."""
    return [job for job, key in zip(_JOBS, default_models(models), strict=True) if key == model.key]
