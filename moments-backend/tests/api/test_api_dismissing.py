"""Runs that ended badly go off the lists, one and all, and come back."""

from __future__ import annotations

from typing import Any

import httpx
from finished import claimed, finished

from videomoments.api.deps import ApiDeps
from videomoments.core.errors import SourceUnavailable
from videomoments.core.names import RunStatus, StageName


async def failed(deps: ApiDeps, url: str) -> tuple[str, str]:
    """Video and run of a source that could not be had."""
    claim = await claimed(deps, url)
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=SourceUnavailable("Gone."), error_stage=StageName.VIDEO_DOWNLOAD)
    return claim.video_id, claim.request_id


async def listed(client: httpx.AsyncClient, **wanted: Any) -> list[str]:
    return [item["request_id"] for item in (await client.get("/api/pipeline", params=wanted)).json()["items"]]


async def library(client: httpx.AsyncClient) -> list[str]:
    return [item["identifier"] for item in (await client.get("/api/videos")).json()["items"]]


async def test_one_run_goes_off_the_lists_and_comes_back(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video, run = await failed(deps, "https://example.com/a.mp4")
    other_video, other = await failed(deps, "https://example.com/b.mp4")
    answer = await client.post(f"/api/pipeline/{video}/dismiss", params={"request_id": run})
    assert answer.status_code == 200
    since = answer.json()["dismissed_at"]
    assert answer.json() == {"request_id": run, "video_id": video, "dismissed_at": since}
    assert await listed(client) == await listed(client, status="failed") == [other]
    assert await listed(client, dismissed=True) == [run]
    # Its source was never stored: there is nothing of it to show, but it is there.
    assert await library(client) == [other_video]
    assert (await client.get(f"/api/videos/{video}")).status_code == 200
    history = (await client.get(f"/api/pipeline/{video}/history")).json()["items"]
    assert [(item["request_id"], item["dismissed_at"]) for item in history] == [(run, since)]
    again = await client.post(f"/api/pipeline/{video}/dismiss")
    assert again.json()["dismissed_at"] == since
    undone = await client.post(f"/api/pipeline/{video}/undismiss", params={"request_id": run})
    assert (undone.status_code, undone.json()["dismissed_at"]) == (200, None)
    assert await listed(client) == [other, run]
    assert await library(client) == [other_video, video]


async def test_all_failed_runs_go_and_no_others(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    active = await claimed(deps, "https://example.com/active.mp4")
    gone = [(await failed(deps, f"https://example.com/{name}.mp4"))[1] for name in "ab"]
    answer = await client.post("/api/pipeline/dismiss")
    assert sorted(answer.json()["request_ids"]) == sorted(gone)
    assert await listed(client, status="failed") == []
    assert set(await listed(client)) == {done.request_id, active.request_id}
    assert (await client.post("/api/pipeline/dismiss")).json() == {"request_ids": []}


async def test_a_retry_and_a_new_run_bring_a_video_back(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video, run = await failed(deps, "https://example.com/a.mp4")
    await client.post(f"/api/pipeline/{video}/dismiss")
    assert (await client.post(f"/api/pipeline/{video}/retry")).status_code == 202
    assert await listed(client) == [run]
    assert await library(client) == [video]
    assert (await client.get("/api/pipeline")).json()["items"][0]["dismissed_at"] is None


async def test_what_can_not_be_dismissed(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    answer = await client.post(f"/api/pipeline/{done.video_id}/dismiss")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_failed")
    active = await claimed(deps, "https://example.com/active.mp4")
    assert (await client.post(f"/api/pipeline/{active.video_id}/dismiss")).status_code == 409
    for path in ("dismiss", "undismiss"):
        missing = await client.post(f"/api/pipeline/{done.video_id}/{path}", params={"request_id": "no-such-run"})
        assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
