"""What is asked about models: which jobs each can do, and which it is the default for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from videomoments.inference.dialect import Dialect
from videomoments.inference.model_registry import AnswerFormat, ModelConfig, ModelKind, SystemRole, TokensField, default_models

__all__ = ["JOBS", "AnswerFormat", "Dialect", "Job", "ModelConfig", "SystemRole", "TokensField", "jobs_of", "unfit_for"]

Job = Literal["transcription", "generation", "refinement"]
JOBS: tuple[Job, ...] = ("transcription", "generation", "refinement")


def jobs_of(model: ModelConfig, models: Sequence[ModelConfig]) -> list[Job]:
    """The jobs that take `model`, of all these models, when a run names none."""
    return [job for job, key in zip(JOBS, default_models(models), strict=True) if key == model.key]


def unfit_for(model: ModelConfig, job: Job) -> str | None:
    """Why the model can't do the job, by what its entry declares; None where it can."""
    kind = ModelKind.ASR if job == "transcription" else ModelKind.CHAT
    if model.kind is not kind:
        return f"it is of kind {model.kind}, and {kind} is needed"
    if job == "generation" and not model.supports_generation:
        return "it finds no moments"
    if job == "refinement" and not model.supports_refinement:
        return "it finds moments, and does not refine them" if model.supports_generation else "it does not refine moments"
    return None
