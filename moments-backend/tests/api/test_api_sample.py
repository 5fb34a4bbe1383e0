"""The sample that comes with the program becomes a video by one request."""

from __future__ import annotations

import asyncio
import hashlib

import httpx

from videomoments.api.deps import ApiDeps
from videomoments.demo import SAMPLE_TITLE, sample_path

SAMPLE = "/api/generate_moments/sample"


async def test_the_sample_is_stored_and_its_run_is_queued(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    accepted = await client.post(SAMPLE, json={"prompt": "bread", "max_moments": 3})
    assert accepted.status_code == 202
    run = accepted.json()
    assert run["status"] == "queued"
    assert accepted.headers["Location"] == f"/api/generate_moments/{run['request_id']}"

    video = (await client.get(f"/api/videos/{run['video_id']}")).json()
    assert (video["title"], video["size_bytes"], video["content_type"]) == (SAMPLE_TITLE, sample_path().stat().st_size, "video/mp4")
    (history,) = (await client.get(f"/api/pipeline/{run['video_id']}/history")).json()["items"]
    assert (history["options"]["prompt"], history["options"]["max_moments"]) == ("bread", 3)

    stream = (await client.get(f"/api/videos/{run['video_id']}/stream")).json()["url"]
    served = (await client.get(stream)).content
    assert hashlib.sha256(served).digest() == hashlib.sha256(sample_path().read_bytes()).digest()


async def test_pressed_twice_it_is_one_video_with_one_run(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    answers = await asyncio.gather(*(client.post(SAMPLE) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (answer.json() for answer in answers)
    assert first == second
    assert len((await client.get("/api/videos")).json()["items"]) == 1

    await client.post(f"/api/pipeline/{first['video_id']}/cancel")
    again = (await client.post(SAMPLE)).json()
    assert (again["video_id"], again["request_id"] == first["request_id"]) == (first["video_id"], False)


async def test_unknown_options_are_refused_before_anything_is_stored(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    assert (await client.post(SAMPLE, json={"prompts": "bread"})).status_code == 422
    assert (await client.post(SAMPLE, json={"generation_model": "nobody"})).status_code == 422
    assert (await client.get("/api/videos")).json()["items"] == []
