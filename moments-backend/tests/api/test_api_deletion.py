"""DELETE /api/videos/{id} and its undoing (F63)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from finished import claimed, finished, put
from sqlalchemy import text

from videomoments.api.deps import ApiDeps
from videomoments.api.routes import videos
from videomoments.storage.layout import video_prefix


async def test_a_deleted_video_is_hidden_and_comes_back(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    before = datetime.now(UTC)
    gone = await client.delete(f"/api/videos/{video}")
    after = datetime.now(UTC)
    assert gone.status_code == 200
    body = gone.json()
    until = datetime.fromisoformat(body["restorable_until"])
    assert (body["identifier"], body["purged"]) == (video, False)
    assert before <= until - timedelta(minutes=10) <= after
    assert (await client.get(f"/api/videos/{video}")).status_code == 404
    assert (await client.get("/api/videos")).json()["items"] == []
    assert (await client.get(f"/api/videos/{video}/moments")).status_code == 404
    back = await client.post(f"/api/videos/{video}/restore")
    assert (back.status_code, back.json()["identifier"]) == (200, video)
    assert (await client.get(f"/api/videos/{video}/moments")).json()["items"]
    assert (await client.post(f"/api/videos/{video}/restore")).status_code == 404


async def test_deleted_videos_are_listed_as_long_as_they_can_be_restored(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = [(await client.post("/api/videos", json={"url": f"https://example.com/{n}.mp4"})).json()["identifier"] for n in range(3)]
    until = [(await client.delete(f"/api/videos/{video}")).json()["restorable_until"] for video in made[:2]]
    listed = (await client.get("/api/videos", params={"deleted": "true", "sort": "oldest"})).json()["items"]
    assert [(one["identifier"], one["restorable_until"]) for one in listed] == list(zip(made[:2], until, strict=True))
    [living] = (await client.get("/api/videos")).json()["items"]
    assert (living["identifier"], living["restorable_until"]) == (made[2], None)
    async with deps.services.database.transaction() as session:
        late = text("UPDATE videos SET deleted_at = deleted_at - interval '10 minutes' WHERE identifier = :id")
        await session.execute(late, {"id": made[0]})
    listed = (await client.get("/api/videos", params={"deleted": "true"})).json()["items"]
    assert [one["identifier"] for one in listed] == [made[1]]
    await client.post(f"/api/videos/{made[1]}/restore")
    assert (await client.get("/api/videos", params={"deleted": "true"})).json()["items"] == []


async def test_a_source_that_came_again_is_not_restored_beside_itself(client: httpx.AsyncClient) -> None:
    url = {"url": "https://example.com/twice.mp4"}
    first = (await client.post("/api/videos", json=url)).json()["identifier"]
    await client.delete(f"/api/videos/{first}")
    second = (await client.post("/api/videos", json=url)).json()["identifier"]
    assert second != first
    answer = await client.post(f"/api/videos/{first}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "source_exists")


async def test_f63_a_purged_video_leaves_nothing(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = (await finished(deps)).video_id
    await put(deps, f"{video_prefix(video)}anything", b"bytes", "video/mp4")
    answer = await client.delete(f"/api/videos/{video}", params={"purge": "true"})
    assert answer.json() == {"identifier": video, "purged": True, "restorable_until": None}
    assert [entry async for entry in deps.store.list(video_prefix(video))] == []
    async with deps.services.database.transaction() as session:
        for table in ("videos", "pipeline_history", "moments", "clips", "transcripts", "thumbnails"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert [key async for key in deps.services.redis.scan_iter("pipeline:*") if video in key] == []
    assert (await client.delete(f"/api/videos/{video}")).status_code == 404


async def test_f63_a_purge_says_that_a_worker_holds_a_run(
    client: httpx.AsyncClient, deps: ApiDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await claimed(deps)

    monkeypatch.setattr(videos, "_PURGE_PATIENCE", 0.1)
    answer = await client.delete(f"/api/videos/{claim.video_id}", params={"purge": "true"})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_active")
    assert answer.json()["run"] == {"request_id": claim.request_id, "status": "processing"}
    assert (await client.get(f"/api/videos/{claim.video_id}")).status_code == 404
