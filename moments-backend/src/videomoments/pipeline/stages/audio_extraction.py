"""Stage 2 extracts 16 kHz mono speech audio, whose sample 0 lies at the timeline's zero, and its waveform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.pipeline.checkpoints import Checkpoint
from videomoments.pipeline.conditions import audio_inputs, no_audio
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext


async def extract_audio(context: StageContext) -> Outcome:
    """Writes `audio.wav` and `audio.waveform` into the run's folder, unless an earlier run has stored the same audio."""
    video = await context.video()
    if video.audio_url is not None:
        return Outcome({}, "extracted by an earlier run")
    await context.extract_audio()
    return Outcome()


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return await audio_inputs(context)


async def _checkpoint_valid(context: StageContext, _: Checkpoint) -> bool:
    """Returns whether the audio is still there. It is a local file until stage 3 has stored it, so another machine extracts it again."""
    made = context.audio_path.exists() and context.audio_path.with_suffix(".waveform").exists()
    return made or (await context.video()).audio_url is not None


AUDIO_EXTRACTION = Stage(
    name=StageName.AUDIO_EXTRACTION,
    run=extract_audio,
    skip=no_audio,
    inputs=_inputs,
    checkpoint_valid=_checkpoint_valid,
    resource=Resource.AUDIO,
)
