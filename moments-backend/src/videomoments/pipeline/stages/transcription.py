"""Stage 4: speech to text with word times, by whichever recogniser the run names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videomoments.core.names import StageName
from videomoments.db.repositories.prompts import sha256_of
from videomoments.inference.base import resolve_endpoint
from videomoments.inference.transcribe import transcribe as recognise
from videomoments.pipeline.conditions import NO_SPEECH, no_audio
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext


async def transcribe(context: StageContext) -> Outcome:
    """Raises ModelError."""
    digest = sha256_of(dict(await _inputs(context)))
    kept = await context.services.transcripts.of_video(context.claim.video_id)
    if kept is not None and kept.input_hash == digest:
        return _outcome(kept.id, kept.word_count, digest, "transcribed by an earlier run")
    model = context.snapshot.transcription
    audio = await context.audio()
    info = await context.media_info()
    async with context.model_slot(model):
        recognised = await recognise(
            resolve_endpoint(model, context.parts.settings),
            audio,
            path=model.endpoint,
            model=model.model_name,
            language=context.options.language,
            duration=info.duration,
            on_progress=lambda done, total: context.report(done / total if total else 0.0),
            request_id=f"{context.claim.request_id}-{context.claim.attempt}",
            tunnels=context.parts.tunnels,
        )
    saved = await context.services.transcripts.save(context.claim, recognised, language=context.options.language, input_hash=digest)
    return _outcome(saved, len(recognised.words) or len(recognised.full_text.split()), digest, None)


def _outcome(transcript_id: int, words: int, digest: str, reason: str | None) -> Outcome:
    checkpoint = {"transcript_id": transcript_id, "words": words, "input_hash": digest}
    return Outcome(checkpoint, NO_SPEECH if words == 0 else reason)


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    model = context.snapshot.transcription
    audio = (await context.video()).audio_url
    return {"audio": audio, "model": model.model_name, "key": model.key, "language": context.options.language}


async def _counts(context: StageContext, checkpoint: Mapping[str, Any]) -> bool:
    kept = await context.services.transcripts.of_video(context.claim.video_id)
    return kept is not None and kept.id == checkpoint["transcript_id"] and kept.input_hash == checkpoint["input_hash"]


# A recogniser without progress reports is silent for as long as it works: its own deadline, by the length of the audio, ends it.
TRANSCRIPTION = Stage(
    name=StageName.TRANSCRIPTION,
    run=transcribe,
    skip=no_audio,
    inputs=_inputs,
    counts=_counts,
    resource=Resource.TRANSCRIPTION,
    stall_seconds=6 * 3600.0,
)
