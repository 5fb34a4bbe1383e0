"""Decides whether a stage applies, from what the file has and what the model can do, never from a model's name.

Each condition returns a reason that users read, or None when the stage applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.pipeline.checkpoints import generated, transcribed
from videomoments.pipeline.stage import StageContext

NOTHING_LEFT = "a person edited or deleted what was left to refine"
NO_SPEECH = "nobody speaks in this recording"
NOT_UNDERSTOOD = "speech was heard and not understood: name its language, or take another transcription model"


async def no_audio(context: StageContext) -> str | None:
    info = await context.media_info()
    if info.has_audio:
        return None
    if info.audio is None:
        return "the file has no audio"
    return f"the audio can't be decoded: {info.audio.reason or info.audio.codec}"


async def audio_inputs(context: StageContext) -> Mapping[str, Any]:
    """Returns what the extracted audio depends on."""
    track = context.options.audio_track
    return {"source": (await context.video()).cloud_url, **({} if track is None else {"track": track}), **await context.clock_inputs()}


async def no_speech(context: StageContext) -> str | None:
    if (reason := await no_audio(context)) is not None:
        return reason
    heard = transcribed(context.checkpoints)
    if heard["words"]:
        return None
    # Checkpoints of older versions lack the field.
    return NOT_UNDERSTOOD if heard.get("not_understood") else NO_SPEECH


async def no_moments(context: StageContext) -> str | None:
    if context.snapshot.moment is not None:
        return None
    if context.snapshot.refines is not None:
        return None if await context.originals() else NOTHING_LEFT
    found = generated(context.checkpoints)
    return None if found is not None and found["moments"] else "there are no moments"


async def no_clips_needed(context: StageContext) -> str | None:
    if (reason := await no_moments(context)) is not None:
        return reason
    model = context.snapshot.refinement
    if not model.supports_video:
        return f"the refinement model {model.key} does not watch video"
    info = await context.media_info()
    return None if info.has_video else "the file has no video"
