"""Transcribes over `POST /transcribe`: the file is streamed from disk, and `recognised` reads the answer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from videomoments.core.tasks import beside
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.recognised import read_transcript
from videomoments.inference.retry import Deadlines, RetryPolicy, with_retries
from videomoments.inference.service_client import answering, service_client, whole_body
from videomoments.inference.transcript import TimedTranscript
from videomoments.inference.tunnel import Tunnels, reaching

OnProgress = Callable[[float, float], None]
"""Called with seconds of audio done and seconds in all."""

MAX_ANSWER_BYTES = 64 * 1024**2
# 16 kHz, 16 bit, mono: the format that stage 2 writes.
_BYTES_PER_SECOND = 32_000
_MIN_TOTAL, _PER_SECOND = 300.0, 2.0


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
    key: str | None = None,
) -> TimedTranscript:
    """Returns the transcript of an audio file, empty when nobody speaks.

    `path` is the entry's `endpoint`, `model` its `model_name`, `key` its own name, which errors use. `duration` is the audio's length in
    seconds (else computed from the file's size, as 16 kHz mono PCM): words beyond it are left out. Without `deadlines`, all tries together
    have 300 seconds plus twice the length. With a `request_id` the service is asked for its progress, where it reports any. A service
    behind SSH is reached through `tunnels`, or else through a connection of its own. Raises ModelError, and OSError when the file can't be
    read.
    """
    length = duration if duration is not None else audio.stat().st_size / _BYTES_PER_SECOND
    total = _MIN_TOTAL + _PER_SECOND * length
    limits = deadlines or Deadlines(connect=10.0, read=total, total=total)
    name = key or model or "transcription"
    fields = {name: value for name, value in (("model", model), ("language", language)) if value}

    async def once() -> TimedTranscript:
        # The client is closed inside the tunnel: no connection may outlast it.
        async with (
            reaching(tunnels, endpoint, name) as reached,
            service_client(reached, connect=limits.connect, silence=limits.read) as client,
        ):
            if request_id:
                client.headers["X-Request-Id"] = request_id
            async with _progress(client, request_id, on_progress, limits.poll):
                return read_transcript(await _post(client, path, audio, fields, name), name, duration)

    return await with_retries(once, policy=policy or RetryPolicy(), total=limits.total, name=name)


async def _post(client: httpx2.AsyncClient, path: str, audio: Path, fields: dict[str, str], name: str) -> str:
    with audio.open("rb") as file:
        files = {"file": (audio.name, file, "audio/wav" if audio.suffix == ".wav" else "application/octet-stream")}
        async with answering(client, "POST", path, name, files=files, data=fields) as response:
            return (await whole_body(response, name, MAX_ANSWER_BYTES)).decode("utf-8", "replace")


@asynccontextmanager
async def _progress(client: httpx2.AsyncClient, request_id: str | None, report: OnProgress | None, every: float) -> AsyncIterator[None]:
    """Polls the service's progress while the body of the context runs."""
    if request_id is None or report is None:
        yield
        return
    async with beside(_poll(client, request_id, report, every)):
        yield


async def _poll(client: httpx2.AsyncClient, request_id: str, report: OnProgress, every: float) -> None:
    """Calls `report` with the service's progress. Any failure here only ends the reports. A service without such a route is asked 30
    times."""
    unknown = 0
    while unknown < 30:
        await asyncio.sleep(every)
        try:
            response = await client.get(f"/v1/jobs/{request_id}", timeout=5.0)
            content = response.json() if response.status_code == httpx2.codes.OK else None
            done, total = (float(content[key]) for key in ("done", "total"))  # type: ignore[index]
            if not (math.isfinite(done) and math.isfinite(total) and total > 0):
                continue
        except (httpx2.HTTPError, ValueError, TypeError, KeyError):
            unknown += 1
            continue
        unknown = 0
        report(min(max(done, 0.0), total), total)
