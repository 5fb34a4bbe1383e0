"""Large libraries and long recordings, put straight into the served database and store: what would take days to make by runs."""

from __future__ import annotations

import asyncio
import json
import math
import random
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import asyncpg
import av
import httpx
import numpy as np
from serving import Served

from videomoments.core.config import Settings
from videomoments.embedded import running_stack
from videomoments.media.sound.waveform import WaveformWriter

_WORDS = ("the", "of", "and", "people", "water", "light", "story", "bread", "engine", "river", "because", "question", "answer", "window")


_RATE = 8000
LIBRARY, SECONDS, WORDS, MOMENTS = 10_000, 3 * 3600, 30_000, 200


def seed_large(served: Served) -> str:
    """A library and a recording of the size that the page is held to: 10,000 videos, three hours with 30,000 words and 200 moments.

    The identifier of the recording, which is the newest of all.
    """
    seed_library(served.home, LIBRARY)
    return _completed(served, "three hours.mp4", seconds=SECONDS, words=WORDS, moments=MOMENTS)


def completed_minute(served: Served) -> str:
    """A minute with words and three moments, as a completed run leaves it; answers the video's identifier."""
    return _completed(served, "a minute.mp4", seconds=60, words=60, moments=3)


def completed_minutes(served: Served, *, minutes: int, moments: int) -> str:
    """So many minutes with words and moments, as a completed run leaves them. Returns the video's identifier."""
    return _completed(served, f"{minutes} minutes.mp4", seconds=minutes * 60, words=minutes * 60, moments=moments)


def _completed(served: Served, name: str, *, seconds: int, words: int, moments: int) -> str:
    film = long_film(served.home / name, seconds=seconds)
    with film.open("rb") as file:
        answer = httpx.post(f"{served.url}/api/videos/upload", files={"file": (film.name, file, "video/mp4")}, timeout=120)
    answer.raise_for_status()
    video_id = str(answer.json()["identifier"])
    seed_recording(served.home, video_id, seconds=seconds, words=words, moments=moments)
    return video_id


def database_url(home: Path) -> str:
    """Of the stack that `moments serve` keeps running for this data folder."""
    settings = Settings(home=home, database_url=None, redis_url=None, storage_url=None, models_url=None, models_key=None)
    with running_stack(settings, models=False) as stack:
        return stack.database_url.replace("postgresql+asyncpg://", "postgresql://")


def seed_library(home: Path, count: int) -> None:
    """So many videos that have only their row, named `Recording 00000` and on."""
    _done(_seed_library(database_url(home), count))


def seed_recording(home: Path, video_id: str, *, seconds: float, words: int, moments: int) -> None:
    """Gives a stored video a waveform, a transcript and moments of that size, as a completed run leaves them."""
    key = Path(f"videos/{video_id}/audio/{uuid.uuid4()}-1.wav")
    drawn = home / "store" / key.with_suffix(".waveform")
    drawn.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_bytes(_waveform(seconds))
    _done(_seed_recording(database_url(home), video_id, str(key), seconds, words, moments))


def long_film(target: Path, *, seconds: int) -> Path:
    """One small picture a second, whose grey tells the time. No sound."""
    with av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=1, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 90, "yuv420p", Fraction(1, 1)
        for second in range(seconds):
            grey = np.full((90, 160, 3), 40 + second % 180, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = second, Fraction(1, 1)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target


def _done(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: the browser's driver keeps a loop in this one."""
    with ThreadPoolExecutor(1) as one:
        one.submit(asyncio.run, work).result()


def _waveform(seconds: float) -> bytes:
    """Sound that swells and fades, with a pause every four seconds."""
    writer = WaveformWriter(_RATE)
    chance = np.random.default_rng(7)
    for second in range(math.ceil(seconds)):
        loud = 0 if second % 4 == 3 else 4000 + 3000 * math.sin(second / 50)
        writer.add((chance.standard_normal(_RATE) * loud / 3).clip(-32000, 32000).astype(np.int16))
    return writer.finish()


async def _seed_library(url: str, count: int) -> None:
    database = await asyncpg.connect(url)
    try:
        rows = [
            (str(uuid.uuid4()), f"https://example.com/{n}.mp4", f"seed-{n}", f"Recording {n:05d}", 60.0 + n % 7200) for n in range(count)
        ]
        await database.executemany(
            "INSERT INTO videos (identifier, source_url, source_key, title, duration, created_at) "
            "VALUES ($1, $2, $3, $4, $5, now() - interval '1 day')",
            rows,
        )
    finally:
        await database.close()


async def _seed_recording(url: str, video_id: str, audio_url: str, seconds: float, words: int, moments: int) -> None:
    chance = random.Random(7)
    database = await asyncpg.connect(url)
    try:
        video = await database.fetchval(
            "UPDATE videos SET duration = $2, audio_url = $3 WHERE identifier = $1 RETURNING id", video_id, seconds, audio_url
        )
        await _insert(database, "transcripts", video_id=video, **_transcript(chance, seconds, words))
        run = await database.fetchval(
            "INSERT INTO pipeline_history (identifier, video_id, status, kind, config, started_at, completed_at, duration_seconds) "
            "VALUES ($1, $2, 'completed', 'pipeline', '{}', now(), now(), 1) RETURNING id",
            str(uuid.uuid4()),
            video,
        )
        step = seconds / moments
        for n in range(moments):
            await _insert(
                database,
                "moments",
                identifier=str(uuid.uuid4()),
                video_id=video,
                run_id=run,
                position=n,
                title=f"Moment number {n + 1}",
                start_time=n * step,
                end_time=n * step + min(40.0, math.floor(step) - 1),
                score=chance.random(),
                reason="Seeded",
                engine="seeded",
            )
    finally:
        await database.close()


def _transcript(chance: random.Random, seconds: float, words: int) -> dict[str, object]:
    """Columns of a transcript whose words are spread evenly over the recording, twelve in a sentence."""
    each = seconds / words
    spoken = [
        {"word": chance.choice(_WORDS) + ("." if n % 12 == 11 else ""), "start": round(n * each, 3), "end": round((n + 0.9) * each, 3)}
        for n in range(words)
    ]
    segments = [
        {"text": " ".join(str(word["word"]) for word in part), "start": part[0]["start"], "end": part[-1]["end"]}
        for part in (spoken[n : n + 12] for n in range(0, words, 12))
    ]
    return {
        "full_text": " ".join(str(word["word"]) for word in spoken),
        "word_timestamps": json.dumps(spoken),
        "segment_timestamps": json.dumps(segments),
        "language": "en",
        "engine": "seeded",
        "word_count": words,
        "input_hash": "seeded",
    }


async def _insert(database: asyncpg.Connection[Any], table: str, **values: object) -> None:
    places = ", ".join(f"${n + 1}" for n in range(len(values)))
    await database.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", *values.values())
