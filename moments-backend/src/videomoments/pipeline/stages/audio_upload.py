"""Stage 3 uploads the speech audio to the object store, so that any worker can go on from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.pipeline.checkpoints import StoredAudio
from videomoments.pipeline.conditions import audio_inputs, no_audio
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.storage.layout import UNKNOWN_TYPE, audio_key, waveform_key


async def upload_audio(context: StageContext) -> Outcome:
    video = await context.video()
    if video.audio_url is not None:
        return Outcome(StoredAudio(audio_url=video.audio_url), "stored by an earlier run")
    claim = context.claim
    key = audio_key(claim.video_id, claim.request_id, claim.attempt)
    await context.put(key, context.audio_path, "audio/wav", lambda done, total: context.report(done / max(total, 1)))
    drawn = waveform_key(key)
    await context.put(drawn, context.audio_path.with_suffix(".waveform"), UNKNOWN_TYPE)
    await context.publish(context.services.videos.publish_audio(claim, key), key, drawn)
    return Outcome(StoredAudio(audio_url=key))


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return await audio_inputs(context)


AUDIO_UPLOAD = Stage(name=StageName.AUDIO_UPLOAD, run=upload_audio, skip=no_audio, inputs=_inputs)
