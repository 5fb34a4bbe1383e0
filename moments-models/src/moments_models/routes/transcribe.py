"""POST /transcribe."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Request, UploadFile

from moments_models.engine_contract import EngineKind, Recognition, Transcriber
from moments_models.errors import InvalidRequest
from moments_models.host import Host
from moments_models.request_jobs import Jobs
from moments_models.routes.work import run_for

router = APIRouter()


@router.post("/transcribe")
async def transcribe(
    request: Request,
    file: Annotated[UploadFile, File()],
    language: Annotated[str | None, Form()] = None,
    model: Annotated[str | None, Form()] = None,
    x_request_id: Annotated[str | None, Header(max_length=200)] = None,
) -> dict[str, Any]:
    """Words and segments of a recording, in seconds from the start of the sent audio."""
    host: Host = request.app.state.host
    jobs: Jobs = request.app.state.jobs
    hosted = host.engine(model, EngineKind.ASR) if model else host.first(EngineKind.ASR)
    spoken = _language(language)
    job = jobs.start(x_request_id)

    def work() -> dict[str, Any]:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="moments-asr-") as folder:
            from moments_models.audio import to_wav, wav_duration

            engine: Transcriber = hosted.get()
            sent = Path(folder) / "sent"
            with sent.open("wb") as sink:
                shutil.copyfileobj(file.file, sink, 1 << 20)
            wav = to_wav(sent, Path(folder) / "audio.wav", job)
            duration = wav_duration(wav)
            job.report(0.0, duration)
            transcript = engine.transcribe(wav, language=spoken, task=job)
            job.report(duration, duration)
            request.app.state.metrics.recognised(hosted.spec.name, duration)
        return _body(transcript, engine.label, duration, time.monotonic() - started)

    return await run_for(request, hosted, job, work)


def _language(given: str | None) -> str | None:
    """Returns `en` for `en`, `EN` or `en-US`, and None for nothing or `auto`. Raises `InvalidRequest` for what is no language tag."""
    if given is None or given.strip().lower() in {"", "auto"}:
        return None
    match = re.fullmatch(r"([a-z]{2,3})(?:[-_][a-z0-9-]+)?", given.strip().lower())
    if match is None:
        raise InvalidRequest(f"not a language code: {given[:20]!r}", code="invalid_language")
    return match[1]


def _body(transcript: Recognition, engine: str, duration: float, seconds: float) -> dict[str, Any]:
    from moments_models.segments import segments
    from moments_models.word_pieces import running_text

    spoken = segments(transcript.words)
    return {
        "transcription": running_text(transcript.words),
        "word_timestamps": [
            {"word": word.word, "start": word.start, "end": word.end, "confidence": word.confidence, "space_before": word.space_before}
            for word in transcript.words
        ],
        "segment_timestamps": [{"text": segment.text, "start": segment.start, "end": segment.end} for segment in spoken],
        "processing_time": round(seconds, 3),
        "language": transcript.language or None,
        "engine": engine,
        "duration": round(duration, 3),
        "languages": [_rounded(asdict(part)) for part in transcript.hearing.languages],
        "not_understood": [_rounded({"start": start, "end": end}) for start, end in transcript.hearing.not_understood],
        "dropped": [_rounded(asdict(part)) for part in transcript.hearing.dropped],
    }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
