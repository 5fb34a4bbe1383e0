"""Bodies about runs: start, status, history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from videomoments.api.schemas.common import Exact, Text, Time, Title
from videomoments.api.schemas.moments import MomentOut
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.services.options import RunOptions
from videomoments.services.refining import Refinement
from videomoments.services.run_queries import RunError, RunView, StageView
from videomoments.services.runs import Accepted
from videomoments.services.unrefined import Unrefined


def _one_line(text: str) -> str:
    return text.strip()


class StartOptions(RunOptions):
    """Options of a run. Every field has a default; durations are seconds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prompt": "where they talk about bread", "max_moments": 5}]})

    prompt: Text = Field("", max_length=4000, description="What to look for, in your own words.")

    def options(self) -> RunOptions:
        return RunOptions(**{name: getattr(self, name) for name in RunOptions.model_fields})


class RefineOptions(BaseModel):
    """Options for refining one moment again. Limits and prompt are those of the run that found it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"refinement_model": "qwen3_vl_fp8"}]})

    refinement_model: str | None = Field(None, max_length=64, description="Registry key of the model; by default the default model.")
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    top_p: float | None = Field(None, gt=0.0, le=1.0)
    top_k: int | None = Field(None, ge=1, le=1000)
    clips: Literal["deliver", "none"] = Field("deliver", description="`deliver`: cut the moment's clip again; `none`: cut no clip.")

    def wanted(self) -> Refinement:
        return Refinement(self.refinement_model, self.temperature, self.top_p, self.top_k, self.clips)


class GenerateMoments(StartOptions):
    """A URL with the options of a run."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://example.com/talk.mp4", "prompt": "where they talk about bread", "max_moments": 5}]}
    )

    url: Annotated[Exact, AfterValidator(_one_line)] = Field(min_length=1, max_length=4096, examples=["https://example.com/talk.mp4"])
    title: Title | None = None


class AcceptedOut(BaseModel):
    """The run that was accepted. It is stored and survives a restart."""

    request_id: str
    video_id: str
    status: RunStatus

    @classmethod
    def of(cls, accepted: Accepted) -> AcceptedOut:
        return cls(request_id=accepted.request_id, video_id=accepted.video_id, status=accepted.status)


class StageOut(BaseModel):
    """One of the eight stages. `reason` says why it was skipped or failed. `progress` is 0 to 1 while it is processing. `waiting_for` names
    the service that it waits for while that can't be reached."""

    name: StageName
    status: StageStatus
    started_at: Time | None
    completed_at: Time | None
    reason: str | None
    progress: float | None = None
    waiting_for: str | None = None

    @classmethod
    def of(cls, stage: StageView) -> StageOut:
        return cls(
            name=stage.name,
            status=stage.status,
            started_at=stage.started_at,
            completed_at=stage.completed_at,
            reason=stage.reason,
            progress=stage.progress,
            waiting_for=stage.waiting_for,
        )


class RunErrorOut(BaseModel):
    """Why a run failed. `code` is stable; `message` and `advice` are for users."""

    stage: StageName | None
    code: str
    message: str
    advice: str | None

    @classmethod
    def of(cls, error: RunError | None) -> RunErrorOut | None:
        if error is None:
            return None
        return cls(stage=error.stage, code=error.code, message=error.message, advice=error.advice)


class KeptBecauseOut(BaseModel):
    """A reason why moments were not refined. `code` is stable; `message` and `advice` are for users."""

    code: str
    message: str
    advice: str | None
    moments: int = Field(description="How many moments were not refined for this reason.")


class UnrefinedOut(BaseModel):
    """The moments that a completed run could not refine, with the reasons, such as an unreachable model or unusable answers."""

    moments: int = Field(description="How many moments were not refined and keep their first boundaries.")
    total: int = Field(description="How many moments were to be refined.")
    message: str = Field(description="The same in one sentence for users.")
    reasons: list[KeptBecauseOut]
    left: int = Field(description="How many of them are still unrefined and not edited by a user: a retry of the run refines these.")

    @classmethod
    def of(cls, found: Unrefined | None) -> UnrefinedOut | None:
        if found is None:
            return None
        reasons = [KeptBecauseOut(code=one.code, message=one.message, advice=one.advice, moments=one.moments) for one in found.reasons]
        return cls(moments=found.moments, total=found.total, message=found.message, reasons=reasons, left=found.left)


class StatusOut(BaseModel):
    """A run's present state. `stalled`: the run is active, but no worker processes it. Poll until it is completed, failed or cancelled."""

    request_id: str
    video_id: str
    status: RunStatus
    current_stage: StageName | None
    stalled: bool
    stages: list[StageOut]
    error: RunErrorOut | None
    owner: str | None = Field(None, description="The worker that processes an active run: host name, process id and a random part.")
    note: str | None = Field(None, description="A sentence about a completed run that found nothing or used a substitute.")
    waiting_for: str | None = Field(
        None,
        description="What an active run waits for while it can't be reached: a model's key, `storage`, or `source` (the server that it "
        "downloads from). The run continues by itself.",
    )
    unrefined: UnrefinedOut | None = Field(None, description="The moments that were not refined; null where there are none.")

    @classmethod
    def of(cls, run: RunView) -> StatusOut:
        return cls(**status_fields(run))


class RunOut(StatusOut):
    """A run in a list: its status, with its times, options and models."""

    title: str = Field(description="The video's title.")
    kind: str
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    duration_seconds: float | None
    attempt: int
    crashes: int = Field(description="How many workers ended while they processed the run.")
    options: dict[str, Any]
    moment_id: str | None = Field(None, description="The one moment that a run of the kind `refine` is for.")
    refines: str | None = Field(None, description="The run whose unrefined moments a run of the kind `refine` is for.")
    dismissed_at: Time | None = Field(None, description="Since when lists leave the run out; null where they show it.")
    models: dict[str, str] = Field(description="Registry keys by job: transcription, generation, refinement.")

    @classmethod
    def of(cls, run: RunView) -> RunOut:
        models = {job: run.config[job]["key"] for job in ("transcription", "generation", "refinement") if run.config.get(job)}
        return cls(
            **status_fields(run),
            title=run.title,
            kind=run.kind,
            created_at=run.created_at,
            started_at=run.started_at,
            completed_at=run.completed_at,
            duration_seconds=run.duration_seconds,
            attempt=run.attempt,
            crashes=run.crashes,
            options=run.config.get("options", {}),
            moment_id=run.config.get("moment"),
            refines=run.config.get("refines"),
            dismissed_at=run.dismissed_at,
            models=models,
        )


class DismissedOut(BaseModel):
    """Whether lists leave a run out, and since when."""

    request_id: str
    video_id: str
    dismissed_at: Time | None


class DismissedAllOut(BaseModel):
    """The failed runs that were dismissed: lists leave them out from now on."""

    request_ids: list[str]


class GeneratedOut(StatusOut):
    """A run with its moments. `moments` is null until the run has completed."""

    moments: list[MomentOut] | None


def status_fields(run: RunView) -> dict[str, Any]:
    return {
        "request_id": run.request_id,
        "video_id": run.video_id,
        "status": run.status,
        "current_stage": run.current_stage,
        "stalled": run.stalled,
        "stages": [StageOut.of(stage) for stage in run.stages],
        "error": RunErrorOut.of(run.error),
        "owner": run.owner if run.status.active else None,
        "note": run.note,
        "waiting_for": run.waiting_for,
        "unrefined": UnrefinedOut.of(run.unrefined),
    }
