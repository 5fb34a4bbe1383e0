"""Lists the stages of each kind of run. All eight are recorded for every run; those that are not part of it are skipped."""

from __future__ import annotations

from dataclasses import replace

from videomoments.core.names import RunKind, StageName
from videomoments.pipeline.conditions import no_moments
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Stage, StageContext
from videomoments.pipeline.stages import STAGES
from videomoments.pipeline.stages.clip_recut import recut
from videomoments.pipeline.stages.moment_again import again_inputs, refine_again

NOT_PART = "not part of this run"

_UP_TO_AUDIO = frozenset({StageName.VIDEO_DOWNLOAD, StageName.AUDIO_EXTRACTION, StageName.AUDIO_UPLOAD})
_UP_TO_TRANSCRIPT = _UP_TO_AUDIO | {StageName.TRANSCRIPTION}
_PARTS: dict[RunKind, frozenset[StageName]] = {
    RunKind.AUDIO: _UP_TO_AUDIO,
    RunKind.TRANSCRIBE: _UP_TO_TRANSCRIPT,
    RunKind.CLIPS: frozenset({StageName.VIDEO_DOWNLOAD, StageName.CLIP_EXTRACTION}),
    RunKind.REFINE: frozenset({StageName.VIDEO_DOWNLOAD, StageName.CLIP_EXTRACTION, StageName.CLIP_UPLOAD, StageName.MOMENT_REFINEMENT}),
}
# Kinds that do something else in a stage.
_OWN: dict[RunKind, dict[StageName, Stage]] = {
    RunKind.CLIPS: {
        StageName.CLIP_EXTRACTION: Stage(name=StageName.CLIP_EXTRACTION, run=recut, resource=Resource.CLIPS, stall_seconds=900.0),
    },
    RunKind.REFINE: {
        StageName.MOMENT_REFINEMENT: Stage(
            name=StageName.MOMENT_REFINEMENT,
            run=refine_again,
            skip=no_moments,
            inputs=again_inputs,
            resource=Resource.REFINEMENT,
            stall_seconds=900.0,
        ),
    },
}


def stages_of(kind: RunKind) -> tuple[Stage, ...]:
    """Returns the eight stages in order, as a run of `kind` takes them. Stages that are not part of it are skipped."""
    part, own = _PARTS.get(kind), _OWN.get(kind, {})
    return tuple(own.get(stage.name, stage) if part is None or stage.name in part else replace(stage, skip=_not_part) for stage in STAGES)


async def _not_part(_: StageContext) -> str:
    return NOT_PART
