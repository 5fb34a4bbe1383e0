"""Speech to text over `POST /transcribe`: the file is streamed from disk, the answer is checked word by word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint
from videomoments.inference.failures import failure, scrubbed
from videomoments.inference.retry import Deadlines, RetryPolicy, with_retries
from videomoments.inference.transcript import Segment, Transcript, Word
from videomoments.inference.tunnel import Tunnels, reaching

logger = logging.getLogger(__name__)

OnProgress = Callable[[float, float], None]
"""Called with seconds of audio done and seconds in all."""

MAX_ANSWER_BYTES = 64 * 1024**2
# 16 kHz, 16 bit, mono: the format that stage 2 makes.
_BYTES_PER_SECOND = 32_000
_MIN_TOTAL, _PER_SECOND = 300.0, 2.0
# Recognisers end a last word a little after the file.
_SLACK_SECONDS = 1.0


class _Answer(BaseModel):
    """The overview's body; services of our own add language, engine and duration."""

    model_config = ConfigDict(extra="ignore")

    transcription: str = ""
    word_timestamps: list[Any] = Field(default_factory=list)
    segment_timestamps: list[Any] = Field(default_factory=list)
    processing_time: float | None = None
    language: str | None = None
    engine: str | None = None


async def transcribe(
    endpoint: Endpoint,
    audio: Path,
    *,
    path: str = "/transcribe",
    model: str | None = None,
    language: str | None = None,
    duration: float | None = None,
    on_progress: OnProgress | None = None,
    request_id: str | None = None,
    deadlines: Deadlines | None = None,
    policy: RetryPolicy | None = None,
    tunnels: Tunnels | None = None,
) -> Transcript:
    """The transcript of an audio file; empty when nobody speaks.

    `path` is the entry's `endpoint`, `model` its `model_name`. `duration` is the audio's length in seconds (else taken from the file's
    size, as 16 kHz mono PCM): words beyond it are dropped, and without `deadlines` all tries together get 300 seconds plus twice the
    length. With a `request_id` the service is asked for its progress, where it keeps any. A service behind SSH is reached through
    `tunnels`, else through a connection of its own. Raises ModelError, and OSError when the file can't be read.
    """
    length = duration if duration is not None else audio.stat().st_size / _BYTES_PER_SECOND
    total = _MIN_TOTAL + _PER_SECOND * length
    limits = deadlines or Deadlines(connect=10.0, read=total, total=total)
    name = model or "transcription"
    headers = dict(endpoint.headers)
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    if request_id:
        headers["X-Request-Id"] = request_id
    timeout = httpx.Timeout(limits.read, connect=limits.connect, pool=limits.connect)
    fields = {name: value for name, value in (("model", model), ("language", language)) if value}

    # What goes through a tunnel ends with it, and stays on this machine until then.
    tunnelled = endpoint.route is not None
    limit = httpx.Limits(max_keepalive_connections=0) if tunnelled else httpx.Limits()
    trust = not (endpoint.loopback or tunnelled)
    async with httpx.AsyncClient(headers=headers, timeout=timeout, limits=limit, trust_env=trust) as client:

        async def once() -> Transcript:
            async with reaching(tunnels, endpoint, name) as reached:
                client.base_url = reached.base_url
                async with _progress(client, request_id, on_progress, limits.poll):
                    return _transcript(await _post(client, path, audio, fields, name), name, duration)

        return await with_retries(once, policy=policy or RetryPolicy(), total=limits.total, name=name)


async def _post(client: httpx.AsyncClient, path: str, audio: Path, fields: dict[str, str], name: str) -> str:
    try:
        with audio.open("rb") as file:
            files = {"file": (audio.name, file, "audio/wav" if audio.suffix == ".wav" else "application/octet-stream")}
            async with client.stream("POST", path, files=files, data=fields) as response:
                body = await _bounded(response, name)
    except httpx.TimeoutException as error:
        code = "model_unreachable" if isinstance(error, httpx.ConnectTimeout) else "model_timeout"
        raise ModelError(f"Model {name} was silent for too long.", code=code) from None
    except httpx.HTTPError as error:
        raise ModelError(f"Model {name} is not reachable ({type(error).__name__}).", code="model_unreachable") from None
    if response.status_code != httpx.codes.OK:
        raise failure(name, response.status_code, body[:20_000], response.headers.get("retry-after"))
    return body


async def _bounded(response: httpx.Response, name: str) -> str:
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise ModelError(f"Model {name} answered more than {MAX_ANSWER_BYTES // 1024**2} MB.", code="model_bad_answer", retryable=False)
    return b"".join(parts).decode("utf-8", "replace")


@asynccontextmanager
async def _progress(client: httpx.AsyncClient, request_id: str | None, report: OnProgress | None, every: float) -> AsyncIterator[None]:
    """Polls the service's progress meanwhile."""
    if request_id is None or report is None:
        yield
        return
    task = asyncio.create_task(_poll(client, request_id, report, every))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _poll(client: httpx.AsyncClient, request_id: str, report: OnProgress, every: float) -> None:
    """Progress is a kindness: whatever fails here ends nothing but the reports. A service without such a route is asked 30 times."""
    unknown = 0
    while unknown < 30:
        await asyncio.sleep(every)
        try:
            response = await client.get(f"/v1/jobs/{request_id}", timeout=5.0)
            content = response.json() if response.status_code == httpx.codes.OK else None
            done, total = (float(content[key]) for key in ("done", "total"))  # type: ignore[index]
            if not (math.isfinite(done) and math.isfinite(total) and total > 0):
                continue
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            unknown += 1
            continue
        unknown = 0
        report(min(max(done, 0.0), total), total)


def _transcript(text: str, name: str, duration: float | None) -> Transcript:
    try:
        answer = _Answer.model_validate_json(text)
    except ValidationError:
        raise ModelError(f"Model {name} answered something other than a transcript: {scrubbed(text[:200])}", code="model_error") from None
    limit = duration + _SLACK_SECONDS if duration is not None else math.inf
    end = duration if duration is not None else math.inf
    words = tuple(Word(*times, text, confidence) for times, text, confidence in _monotonic(answer.word_timestamps, "word", limit, end))
    segments = tuple(Segment(*times, text) for times, text, _ in _monotonic(answer.segment_timestamps, "text", limit, end))
    for kind, kept, given in (("words", words, answer.word_timestamps), ("segments", segments, answer.segment_timestamps)):
        if len(kept) < len(given):
            logger.warning("model %s: %d of %d %s have no usable times", name, len(given) - len(kept), len(given), kind)
        if len(kept) < len(given) / 2:
            raise ModelError(f"Model {name} answered {kind} without usable times.", code="model_bad_answer")
    full_text = " ".join(answer.transcription.split())
    if full_text and not words and not segments:
        raise ModelError(f"Model {name} answered a text without times.", code="model_bad_answer")
    seconds = answer.processing_time
    return Transcript(
        full_text=full_text or " ".join(segment.text for segment in segments) or " ".join(word.text for word in words),
        words=words,
        segments=segments,
        language=answer.language,
        engine=answer.engine,
        processing_time=seconds if seconds is not None and math.isfinite(seconds) and seconds >= 0 else None,
    )


def _monotonic(rows: list[Any], key: str, limit: float, end: float) -> list[tuple[tuple[float, float], str, float | None]]:
    """The usable rows: text, finite times, in order, starts never before the end of the row before."""
    found = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get(key), str) or not (text := " ".join(row[key].split())):
            continue
        start, stop = _time(row.get("start")), _time(row.get("end"))
        if start is None or start > limit:
            continue
        found.append((start, start if stop is None else stop, text, _time(row.get("confidence"))))
    result = []
    last = 0.0
    for start, stop, text, confidence in sorted(found, key=lambda item: item[0]):
        first = min(max(start, last), end)
        last = min(max(stop, first), end)
        sure = confidence if confidence is not None and 0 <= confidence <= 1 else None
        result.append(((first, last), text, sure))
    return result


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
