"""The options of a run, the same on every way in: start, generate, generate_moments, the command line."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from videomoments.inference.model_registry import ModelConfig, Sampling
from videomoments.moments.moment_limits import MomentLimits


class RunOptions(BaseModel):
    """A run's options. Durations are seconds. A model is named by its registry key; None means the default model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generation_model: str | None = Field(None, max_length=64, description="Registry key of the model that finds the moments.")
    refinement_model: str | None = Field(None, max_length=64, description="Registry key of the model that refines their boundaries.")
    transcription_model: str | None = Field(None, max_length=64, description="Registry key of the speech recogniser.")
    prompt: str = Field("", max_length=4000, description="What to look for, in the user's own words.")
    max_moments: int = Field(12, ge=1, le=200, description="Maximum number of moments.")
    min_duration: float = Field(10.0, ge=1.0, le=3600.0, description="Shortest moment, in seconds.")
    max_duration: float = Field(120.0, ge=1.0, le=7200.0, description="Longest moment, in seconds.")
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    top_p: float | None = Field(None, gt=0.0, le=1.0)
    top_k: int | None = Field(None, ge=1, le=1000)
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}$", description="Language of the speech (ISO 639); None: it is detected.")
    audio_track: int | None = Field(
        None, ge=1, le=256, description="Number of the audio track that is transcribed and cut, counted from 1; None: one is chosen."
    )
    refresh: bool = Field(False, description="Download the source again, even if it is stored.")
    clips: Literal["deliver", "none"] = Field("deliver", description="`deliver`: cut a clip of each final moment; `none`: cut no clips.")

    @model_validator(mode="after")
    def _durations_agree(self) -> RunOptions:
        if self.min_duration > self.max_duration:
            raise ValueError("min_duration is above max_duration")
        return self

    def limits(self) -> MomentLimits:
        """Returns how many moments the user allows, and how long they may be."""
        return MomentLimits(self.max_moments, self.min_duration, self.max_duration)

    def sampling(self) -> Sampling:
        """Returns the user's sampling parameters for the models."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k)


_JOBS = ("transcription", "generation", "refinement")
# Fields of a model's entry that a worker of version 0.1 refuses to read. It shares the queue while workers are replaced one by one.
# It ignores an unknown field of the snapshot, so these are stored in an object of their own there, `newer`. A newer option is stored only
# where it is set: a worker that can't follow it must not take the run for an ordinary one.
_NEWER_FIELDS = (
    "supports_generation",
    "supports_refinement",
    "max_refinements",
    "tokens_field",
    "system_role",
    "answer_format",
    "stream",
    "answer_seconds",
    "first_token_seconds",
)


class RunSnapshot(BaseModel):
    """What a run's row stores: the options, and the models as they were configured when the run was accepted (F50)."""

    model_config = ConfigDict(frozen=True)

    options: RunOptions
    transcription: ModelConfig
    generation: ModelConfig
    refinement: ModelConfig
    # The original moments that a run of the kind `refine` works on, by identifier: one that a user chose (`moment`), or those that the run
    # `refines` left unrefined (`moments`).
    moment: str | None = None
    moments: tuple[str, ...] = ()
    refines: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_newer_fields(cls, stored: Any) -> Any:
        if not isinstance(stored, dict) or not isinstance(stored.get("newer"), dict):
            return stored
        whole = {}
        for job in _JOBS:
            entry, newer = stored.get(job), stored["newer"].get(job)
            if isinstance(entry, dict) and isinstance(newer, dict):
                # What a version after this one adds is passed over, as 0.1 passes over ours.
                whole[job] = entry | {name: value for name, value in newer.items() if name in ModelConfig.model_fields}
        return {**stored, **whole}

    def to_json(self) -> dict[str, Any]:
        """As the run's row holds it."""
        stored = self.model_dump(mode="json")
        if stored["options"]["audio_track"] is None:
            del stored["options"]["audio_track"]
        if self.refines is not None:
            return stored  # 0.1 would pass over the name, and refine nothing: it must refuse such a run
        return stored | {"newer": {job: {name: stored[job].pop(name) for name in _NEWER_FIELDS} for job in _JOBS}}

    def public(self) -> dict[str, Any]:
        """Returns the options with the chosen models' keys: the `config` field of the stream."""
        return self.options.model_dump(mode="json", exclude_none=True) | {
            "transcription_model": self.transcription.key,
            "generation_model": self.generation.key,
            "refinement_model": self.refinement.key,
            **({"moment_id": self.moment} if self.moment else {}),
            **({"refines": self.refines} if self.refines else {}),
        }


def public_config(config: dict[str, Any]) -> dict[str, Any]:
    """Returns `RunSnapshot.public` of a row's `config`; empty where another version of this program wrote it."""
    try:
        return RunSnapshot.model_validate(config).public()
    except ValidationError:
        return {}
