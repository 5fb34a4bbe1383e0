"""Waveform and shots: small answers at any zoom, and 404 where there is nothing."""

from __future__ import annotations

import httpx
import numpy as np
from finished import claimed, put
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.media.sound.waveform import WaveformWriter
from videomoments.services.orphans import orphaned
from videomoments.services.videos import SourceFile
from videomoments.services.waveforms import read_silences
from videomoments.storage.layout import UNKNOWN_TYPE, audio_key, source_key, waveform_key


async def published(deps: ApiDeps) -> tuple[str, str]:
    """A video of 100 s whose second half is silent, with two shots; its identifier and its audio's key."""
    claim = await claimed(deps)
    media_info = {"shots": [{"earliest": 3.0, "latest": 3.0}, {"earliest": 10.0, "latest": 15.0}]}
    source = source_key(claim.video_id, claim.request_id, 1, ".mp4")
    await deps.services.videos.publish_source(claim, SourceFile(source, 1, "video/mp4", 100.0, None, media_info), None)
    key = audio_key(claim.video_id, claim.request_id, 1)
    writer = WaveformWriter(16_000)
    loud = (np.sin(np.arange(16_000) * 0.3) * 16_384).astype(np.int16)
    for second in range(100):
        writer.add(loud if second < 50 else np.zeros(16_000, np.int16))
    await put(deps, waveform_key(key), writer.finish(loudness=-20.5), UNKNOWN_TYPE)
    await deps.services.videos.publish_audio(claim, key)
    return claim.video_id, key


async def test_a_waveform_of_any_stretch(deps: ApiDeps, client: httpx.AsyncClient) -> None:
    video, key = await published(deps)
    whole = (await client.get(f"/api/videos/{video}/waveform", params={"points": 100})).json()
    assert (whole["start"], whole["end"], whole["duration"], whole["loudness"]) == (0, 100, 100, -20.5)
    assert len(whole["lows"]) == len(whole["highs"]) == 100
    assert min(whole["highs"][:49]) > 0.49
    assert max(whole["highs"][51:]) == 0
    assert max(whole["lows"][:49]) < -0.49
    part = (await client.get(f"/api/videos/{video}/waveform", params={"start": 49.5, "end": 50.5, "points": 4000})).json()
    assert (part["start"], part["end"], len(part["highs"])) == (49.5, 50.5, 100)
    assert part["highs"][49] > 0.4 > part["highs"][50] == 0
    beyond = await client.get(f"/api/videos/{video}/waveform", params={"start": 5000, "end": 1e7})
    assert (beyond.status_code, beyond.json()["highs"]) == (200, [])
    assert (await client.get(f"/api/videos/{video}/waveform", params={"points": 0})).status_code == 422
    [silence] = await read_silences(deps.store, key)
    assert (silence.start, silence.end) == (50, 100)


async def test_the_row_of_the_audio_names_its_waveform_too(deps: ApiDeps) -> None:
    _, key = await published(deps)
    kept = await deps.store.head(waveform_key(key))
    await put(deps, kept.key.replace("-1.", "-0."), b"x", UNKNOWN_TYPE)
    stray = await deps.store.head(kept.key.replace("-1.", "-0."))
    async with deps.services.database.transaction() as session:
        await session.execute(text("UPDATE pipeline_history SET status = 'failed', completed_at = now()"))
    assert await orphaned(deps.services.database, [kept, stray]) == [stray.key]


async def test_shots(deps: ApiDeps, client: httpx.AsyncClient) -> None:
    video, _ = await published(deps)
    assert (await client.get(f"/api/videos/{video}/shots")).json() == {
        "items": [{"earliest": 3.0, "latest": 3.0, "exact": True}, {"earliest": 10.0, "latest": 15.0, "exact": False}]
    }


async def test_silences(deps: ApiDeps, client: httpx.AsyncClient) -> None:
    video, _ = await published(deps)
    assert (await client.get(f"/api/videos/{video}/silences")).json() == {"items": [{"start": 50.0, "end": 100.0}]}


async def test_where_a_video_came_from(deps: ApiDeps, client: httpx.AsyncClient) -> None:
    claim = await claimed(deps)
    told = {"uploader": "A Person", "published": "20260131", "captions": [{"language": "en", "format": "vtt", "text": "WEBVTT"}]}
    source = source_key(claim.video_id, claim.request_id, 1, ".mp4")
    filmed = SourceFile(source, 1, "video/mp4", 100.0, None, {"video": {"fps": 29.97}}, source_info=told)
    await deps.services.videos.publish_source(claim, filmed, None)
    assert (await client.get(f"/api/videos/{claim.video_id}/source")).json() == {
        "frame_rate": 29.97,
        "uploader": "A Person",
        "published": "2026-01-31",
        "page": None,
        "captions": [{"language": "en", "format": "vtt"}],
        "audio_tracks": [],
        "audio_track": None,
        "audio_reason": None,
        "remarks": [],
    }


async def test_what_is_not_there_yet(client: httpx.AsyncClient) -> None:
    video = (await client.post("/api/videos", json={"url": "https://example.com/new.mp4"})).json()["identifier"]
    missing = await client.get(f"/api/videos/{video}/waveform")
    assert (missing.status_code, missing.json()["code"]) == (404, "waveform_not_found")
    assert (await client.get(f"/api/videos/{video}/shots")).json() == {"items": []}
    assert (await client.get(f"/api/videos/{video}/silences")).json() == {"items": []}
    assert (await client.get(f"/api/videos/{video}/source")).json()["captions"] == []
    assert (await client.get("/api/videos/nobody/waveform")).json()["code"] == "video_not_found"
    assert (await client.get("/api/videos/nobody/shots")).status_code == 404
