"""What is asked about models: which job each is the default for, and where it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from videomoments.core.config import Settings
from videomoments.inference.base import Endpoint, ModelConfig, default_models, resolve_endpoint

__all__ = ["Endpoint", "Job", "ModelConfig", "endpoint_of", "jobs_of"]

Job = Literal["transcription", "generation", "refinement"]
_JOBS: tuple[Job, ...] = ("transcription", "generation", "refinement")


def jobs_of(model: ModelConfig, models: Sequence[ModelConfig]) -> list[Job]:
    """The jobs that take `model`, of all these models, when a run names none."""
    return [job for job, key in zip(_JOBS, default_models(models), strict=True) if key == model.key]


def endpoint_of(model: ModelConfig, settings: Settings) -> Endpoint:
    """Where the model answers. Raises ModelError (`model_not_configured`)."""
    return resolve_endpoint(model, settings)
