"""Stage 4 turns speech into text with word times, by the recogniser that the run names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from videomoments.core.names import StageName
from videomoments.db.repositories.prompts import sha256_of
from videomoments.inference.audio_chunks import AudioChunk, plan_chunks, write_chunk
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.recognition_details import RecognitionDetails
from videomoments.inference.transcribe import transcribe as recognise
from videomoments.inference.transcript import TimedTranscript, joined
from videomoments.pipeline.checkpoints import Checkpoint, Transcribed
from videomoments.pipeline.conditions import NO_SPEECH, NOT_UNDERSTOOD, no_audio
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.gather import gather
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.transcript_parts import digest_of
from videomoments.services.transcripts import remarks_of, remarks_on


async def transcribe(context: StageContext) -> Outcome:
    """Recognises and stores the transcript, or takes over one that an earlier run made of the same inputs. Raises ModelError."""
    digest = sha256_of(dict(await _inputs(context)))
    stored = await context.services.transcripts.of_video(context.claim.video_id)
    if stored is not None and stored.input_hash == digest:
        return _outcome(
            stored.id,
            stored.word_count,
            digest,
            RecognitionDetails.from_json(stored.hearing),
            ["transcribed by an earlier run", *remarks_of(stored)],
        )
    recognised = await _recognise(context, await context.audio(), (await context.media_info()).duration)
    saved = await context.services.transcripts.save(context.claim, recognised, language=context.options.language, input_hash=digest)
    # Another recogniser, language or audio was asked for. A user's corrections belonged to the old words; the remark says that they are
    # gone.
    replaced = ["words corrected by hand were replaced"] if stored is not None and stored.edited_at is not None else []
    remarks = remarks_on(recognised)
    words = len(recognised.words) or len(recognised.full_text.split())
    return _outcome(saved, words, digest, recognised.hearing, [*replaced, *remarks])


async def _recognise(context: StageContext, audio: Path, duration: float) -> TimedTranscript:
    """Recognises the whole recording. A long one goes in parts, each sent, and where it fails retried, by itself."""
    chunks = await asyncio.to_thread(plan_chunks, audio)
    if len(chunks) == 1:
        return await _heard(
            context, audio, "1", duration, context.options.language, lambda done: context.report(done / max(duration, 0.001))
        )
    progress = _Progress(context, duration)
    folder = context.scratch("speech")
    # A recogniser that reports the language of each stretch detects it in each part. Another is asked for all parts in the language that it
    # detected in the first one: a quotation must not switch it.
    first = await _part(context, audio, chunks[0], 1, folder, context.options.language, progress)
    language = context.options.language or (None if first.hearing.languages else first.language)
    turn = asyncio.Semaphore(context.snapshot.transcription.max_concurrency)

    async def part(number: int, chunk: AudioChunk) -> TimedTranscript:
        async with turn:
            return await _part(context, audio, chunk, number, folder, language, progress)

    rest = await gather(part(number, chunk) for number, chunk in enumerate(chunks[1:], 2))
    return joined([(chunk.start, heard) for chunk, heard in zip(chunks, [first, *rest], strict=True)])


async def _part(
    context: StageContext, audio: Path, chunk: AudioChunk, number: int, folder: Path, language: str | None, progress: _Progress
) -> TimedTranscript:
    """Recognises one part. The answer is stored for the next attempt of this run, which asks only for parts that were under way."""
    path = folder / f"{number}.wav"
    parts = context.services.transcript_parts
    await asyncio.to_thread(write_chunk, audio, chunk, path)
    try:
        digest = await asyncio.to_thread(digest_of, path, context.snapshot.transcription, language)
        # The audio may be a little longer than the measured duration.
        length = min(chunk.duration, max(0.0, progress.duration - chunk.start))
        heard = await retry_while_database_away(parts.find, context.claim, digest)
        if heard is None:
            heard = await _heard(context, path, str(number), length, language, partial(progress.of, number))
            await retry_while_database_away(parts.keep, context.claim, digest, heard)
        progress.of(number, length)
        return heard
    finally:
        path.unlink(missing_ok=True)


async def _heard(
    context: StageContext, audio: Path, number: str, duration: float, language: str | None, report: Callable[[float], None]
) -> TimedTranscript:
    model = context.snapshot.transcription

    async def hear(endpoint: Endpoint) -> TimedTranscript:
        return await recognise(
            endpoint,
            audio,
            path=model.endpoint,
            model=model.model_name,
            key=model.key,
            language=language,
            duration=duration,
            on_progress=lambda done, total: report(duration * done / total if total else 0.0),
            request_id=f"{context.claim.request_id}-{context.claim.attempt}-{number}",
            tunnels=context.adapters.tunnels,
        )

    return await context.call_model(model, hear)


class _Progress:
    """Turns the seconds done of each part into the progress of the whole."""

    def __init__(self, context: StageContext, duration: float) -> None:
        self._context = context
        self.duration = duration
        self._done: dict[int, float] = {}

    def of(self, number: int, seconds: float) -> None:
        self._done[number] = seconds
        self._context.report(sum(self._done.values()) / max(self.duration, 0.001))


def _outcome(transcript_id: int, words: int, digest: str, hearing: RecognitionDetails, remarks: Sequence[str]) -> Outcome:
    lost = bool(hearing.not_understood)
    checkpoint = Transcribed(transcript_id=transcript_id, words=words, not_understood=lost, input_hash=digest)
    nothing = [NOT_UNDERSTOOD if lost else NO_SPEECH] if words == 0 else []
    return Outcome(checkpoint, "; ".join([*nothing, *(remarks if words or lost else ())]) or None)


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    model = context.snapshot.transcription
    audio = (await context.video()).audio_url
    return {"audio": audio, "model": model.model_name, "key": model.key, "language": context.options.language}


async def _checkpoint_valid(context: StageContext, checkpoint: Checkpoint) -> bool:
    stored = await context.services.transcripts.of_video(context.claim.video_id)
    return stored is not None and stored.id == checkpoint["transcript_id"] and stored.input_hash == checkpoint["input_hash"]


# A recogniser without progress reports is silent while it works; its own deadline, by the length of the audio, ends it.
TRANSCRIPTION = Stage(
    name=StageName.TRANSCRIPTION,
    run=transcribe,
    skip=no_audio,
    inputs=_inputs,
    checkpoint_valid=_checkpoint_valid,
    resource=Resource.TRANSCRIPTION,
    stall_seconds=6 * 3600.0,
)
